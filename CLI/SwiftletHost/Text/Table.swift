/// A table for a terminal: columns as wide as their widest cell, two blanks between them.
public struct TextTable: Equatable, Sendable {
  public enum Alignment: Sendable { case left, right }

  private var titles: [String]
  private var alignments: [Alignment]
  private var rows: [[String]] = []

  public init(_ columns: (title: String, alignment: Alignment)...) {
    titles = columns.map(\.title)
    alignments = columns.map(\.alignment)
  }

  public mutating func add(_ cells: String...) { rows.append(cells) }

  public var isEmpty: Bool { rows.isEmpty }

  /// The lines, titles first (where they are not all empty), with no blanks at their ends.
  public var lines: [String] {
    let shown = (titles.allSatisfy(\.isEmpty) ? [] : [titles]) + rows
    let widths = titles.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
    return shown.map { cells in
      let padded = cells.indices.map { column in
        let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
        return alignments[column] == .left ? cells[column] + blanks : blanks + cells[column]
      }
      let line = padded.joined(separator: "  ")
      return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
    }
  }

  public var text: String { lines.joined(separator: "\n") }
}
