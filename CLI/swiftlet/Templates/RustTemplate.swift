import SwiftletHost

extension Language {
  static let rustTemplate = #"""
    // Greets whoever the request names. The request is a JSON object, {"name": "Ada"}, or just the name; the answer is a JSON object.

    use std::io::{self, Read};

    /// What is between the quotes of the member `name` of a JSON object, where that is a string. Escapes stay as they are, since it goes
    /// into JSON again. It looks for the member and checks nothing else.
    fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
        let bytes = object.as_bytes();
        let (mut depth, mut wanted, mut last) = (0, false, "");
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'{' | b'[' => {
                    depth += 1;
                    wanted = false;
                }
                b'}' | b']' => depth -= 1,
                b',' => wanted = false,
                b':' => wanted = depth == 1 && last == name,
                b'"' => {
                    let start = at + 1;
                    at = start;
                    while *bytes.get(at)? != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    last = object.get(start..at)?;
                    if wanted {
                        return Some(last);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Text as it may stand in a JSON string: control characters become blanks.
    fn escaped(text: &str) -> String {
        let mut result = String::new();
        for character in text.chars() {
            if character == '"' || character == '\\' {
                result.push('\\');
            }
            result.push(if character < ' ' { ' ' } else { character });
        }
        result
    }

    fn main() -> io::Result<()> {
        let mut bytes = Vec::new();
        io::stdin().take(1 << 20).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let request = text.trim();
        let name = match request {
            "" => "world".to_string(),
            _ if request.starts_with('{') => member(request, "name").unwrap_or("world").to_string(),
            _ => escaped(request),
        };
        println!("{{\"greeting\":\"Hello, {name}!\"}}");
        Ok(())
    }

    """#
}
