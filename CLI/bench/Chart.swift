// Bar charts as SVG, readable on light and on dark ground, with the fonts that the reader has.

import Foundation

/// Horizontal bars on a logarithmic scale: each row has a bar for each series, with its value behind it.
struct Chart {
  var title: String
  /// What the axis counts, and whether less is better.
  var unit: String
  var series: [String]
  var rows: [(title: String, values: [Double?])] = []
  /// How a value is written.
  var label: (Double) -> String = Text.short

  private static let left = 270.0
  private static let width = 860.0
  private static let bar = 13.0
  private static let style = """
    <style>
      text { font: 13px system-ui, sans-serif; fill: #1f2328; }
      .title { font-size: 16px; font-weight: 600; }
      .small { font-size: 11px; fill: #59636e; }
      .grid { stroke: #d1d9e0; }
      .s0 { fill: #0969da; } .s1 { fill: #bf8700; } .s2 { fill: #8250df; }
      @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc; }
        .small { fill: #9198a1; }
        .grid { stroke: #3d444d; }
        .s0 { fill: #4493f8; } .s1 { fill: #d29922; } .s2 { fill: #ab7df8; }
      }
    </style>
    """

  /// The picture; nil where there is nothing to show.
  var svg: String? {
    let values = rows.flatMap(\.values).compactMap { $0 }.filter { $0 > 0 }
    guard let least = values.min(), let greatest = values.max() else { return nil }
    let low = pow(10, floor(log10(least * 0.7)))
    let high = greatest * 1.6
    let right = Self.width - 90
    func x(_ value: Double) -> Double { Self.left + (right - Self.left) * log(value / low) / log(high / low) }

    let rowHeight = Self.bar * Double(series.count) + 10
    let top = 70.0
    let height = top + rowHeight * Double(rows.count) + 40
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\">",
      "<title>\(Self.escaped(title))</title>", Self.style,
      Self.text(10, 24, title, "title"),
    ]
    var place = 10.0
    for (index, name) in series.enumerated() {
      lines.append("<rect class=\"s\(index)\" x=\"\(place)\" y=\"38\" width=\"11\" height=\"11\"/>")
      lines.append(Self.text(place + 16, 48, name))
      place += 40 + 7.2 * Double(name.count)
    }
    var tick = low
    while tick <= high {
      lines.append(String(format: "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>", x(tick), x(tick), top - 6, height - 30))
      lines.append(Self.text(x(tick), height - 14, tick < 1 ? Text.short(tick) : Text.grouped(tick), "small", anchor: "middle"))
      tick *= 10
    }
    lines.append(Self.text(Self.width - 6, height - 14, unit, "small", anchor: "end"))
    for (index, row) in rows.enumerated() {
      let y = top + rowHeight * Double(index)
      lines.append(Self.text(Self.left - 8, y + rowHeight / 2 - 1, row.title, anchor: "end"))
      for (number, value) in row.values.enumerated() {
        guard let value, value > 0 else { continue }
        let start = y + Self.bar * Double(number)
        lines.append(
          String(
            format: "<rect class=\"s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", number, Self.left, start, x(value) - Self.left,
            Self.bar - 2))
        lines.append(Self.text(x(value) + 5, start + 10, label(value), "small"))
      }
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  private static func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "", anchor: String = "start") -> String {
    let name = style.isEmpty ? "" : " class=\"\(style)\""
    return String(format: "<text%@ x=\"%.1f\" y=\"%.1f\" text-anchor=\"%@\">%@</text>", name, x, y, anchor, escaped(text))
  }

  private static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
  }

  func write(to path: String) throws {
    try svg?.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
