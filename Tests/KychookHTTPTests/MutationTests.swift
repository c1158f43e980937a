import KychookCorpus
import KychookModel
import KychookTesting
import Testing

@Suite struct `Mutated requests` {
    @Test(arguments: 1...10)
    func `get one verdict, however they are cut, and never read beyond their end`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let mutator = Mutator(Corpus.all.map(\.text))
        for _ in 0..<500 {
            let message = mutator.message(using: &random)
            let whole = feed(message, cuts: [])
            let cuts = Set((0..<4).map { _ in Int.random(in: 0...message.count, using: &random) }).sorted()
            #expect(feed(message, cuts: cuts) == whole, "\(message)")
            #expect(feed(message, cuts: cuts, closesGaps: true) == whole, "\(message)")
        }
    }
}
