import Testing

@Suite struct `Mutated requests` {
    /// Small, seeded and the same everywhere (xorshift64).
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    @Test(arguments: 1...10)
    func `get one verdict, however they are cut, and never read beyond their end`(_ seed: UInt64) {
        var generator = Generator(state: seed &* 0x9e37_79b9_7f4a_7c15)
        for _ in 0..<500 {
            let message = mutated(using: &generator)
            let whole = feed(message, cuts: [])
            let cuts = Set((0..<4).map { _ in Int.random(in: 0...message.count, using: &generator) }).sorted()
            #expect(feed(message, cuts: cuts) == whole, "\(message)")
            #expect(feed(message, cuts: cuts, closesGaps: true) == whole, "\(message)")
        }
    }

    private func mutated(using generator: inout Generator) -> [UInt8] {
        var message = Corpus.all[Int.random(in: 0..<Corpus.all.count, using: &generator)].text
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...message.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where place < message.count:
                message[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < message.count:
                message.remove(at: place)
            case 2:
                message.insert(contentsOf: [13, 10], at: place)
            case 3:
                let other = Corpus.all[Int.random(in: 0..<Corpus.all.count, using: &generator)].text
                message = Array(message[..<place]) + other.suffix(40)
            default:
                message.insert(UInt8.random(in: 0...127, using: &generator), at: place)
            }
        }
        return message
    }
}
