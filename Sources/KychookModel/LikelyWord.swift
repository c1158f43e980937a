/// The known word that was likely meant, or nil when none is near.
///
/// Near: at most a third of the word's length in insertions, deletions, substitutions or swaps of neighbours, and one
/// at least is allowed, unless nothing of the word would be left.
package func likelyWord(for word: String, among known: some Sequence<String>) -> String? {
    let scored = known.map { (word: $0, distance: editDistance(word.lowercased(), $0.lowercased())) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    let length = max(word.count, best.word.count)
    let isNear = best.distance == 0 || best.distance <= max(1, length / 3) && best.distance < length
    return isNear ? best.word : nil
}

/// Optimal string alignment distance: every edit, and a swap of neighbours, counts 1.
private func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in 0..<left.count {
        var row = [i + 1]
        for j in 0..<right.count {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
