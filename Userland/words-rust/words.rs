//! Counts the words of its input and prints the most frequent: an ordinary Rust program on std.

use std::collections::HashMap;
use std::io::{self, Read, Write};

/// Words printed at most.
const SHOWN: usize = 20;

fn main() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);

    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let mut ranking: Vec<(String, usize)> = counts.into_iter().collect();
    ranking.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));

    let mut output = io::stdout().lock();
    writeln!(output, "{} bytes, {} words, {} different", bytes.len(), total, ranking.len())?;
    for (word, count) in ranking.iter().take(SHOWN) {
        writeln!(output, "{count:6} {:5.1}% {word}", *count as f64 * 100.0 / total as f64)?;
    }
    output.flush()
}
