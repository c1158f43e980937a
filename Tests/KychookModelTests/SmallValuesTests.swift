import KychookModel
import Testing

@Suite struct ByteCountTests {
    @Test(arguments: [
        (0, "0B"), (1, "1B"), (1000, "1000B"), (1023, "1023B"), (1024, "1KiB"), (1025, "1025B"), (1536, "1536B"),
        (16384, "16KiB"), (1 << 20, "1MiB"), (100 << 20, "100MiB"), (1 << 30, "1GiB"), ((1 << 30) + 1024, "1048577KiB"),
        (Int.max, "9223372036854775807B"),
    ])
    func `is written in the largest unit that divides it`(bytes: Int, text: String) {
        #expect(ByteCount(bytes: bytes).description == text)
    }

    @Test func `counts in powers of two, and compares`() {
        #expect(ByteCount.kibibytes(2) == .bytes(2048))
        #expect(ByteCount.mebibytes(1) > .kibibytes(1023))
    }
}

@Suite struct LikelyWordTests {
    private let words = ["status", "previous_status", "type", "in review", "approved", "id"]

    @Test(arguments: [
        ("statsu", "status"), ("stauts", "status"), ("Status", "status"), ("tpye", "type"), ("aproved", "approved"),
        ("approoved", "approved"), ("in-review", "in review"), ("status", "status"), ("di", "id"),
        ("previous_statu", "previous_status"),
    ])
    func `finds the word that was meant`(word: String, meant: String) {
        #expect(likelyWord(for: word, among: words) == meant)
    }

    @Test(arguments: ["", "x", "colour", "st", "statement of work", "\u{1F600}"])
    func `finds none when none is near`(word: String) {
        #expect(likelyWord(for: word, among: words) == nil)
    }

    @Test func `a word of one letter is near no other word of one letter`() {
        #expect(likelyWord(for: "x", among: ["a"]) == nil)
        #expect(likelyWord(for: "", among: ["a", ""]) == "")
        #expect(likelyWord(for: "a", among: [String]()) == nil)
    }
}

@Suite struct AttemptResultTests {
    @Test(arguments: [4095, 4096, 4097])
    func `keeps the first 4 KiB of the output`(count: Int) {
        let result = AttemptResult(.succeeded, output: Array(repeating: 1, count: count))
        #expect(result.output.count == min(count, 4096))
    }
}
