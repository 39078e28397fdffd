import Testing

/// `#expect` takes its expression apart, which values that cannot be copied do not allow; this takes the result.
func check(_ condition: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(condition, comment, sourceLocation: sourceLocation)
}
