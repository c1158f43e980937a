import KychookModel
import Testing

@Suite struct JSONPointerTests {
    @Test(arguments: [
        ("", []), ("/", [""]), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a//b/", ["a", "", "b", ""]), ("/a~1b", ["a/b"]),
        ("/m~0n", ["m~n"]), ("/~01", ["~1"]), ("/~0~1", ["~/"]), ("/ ", [" "]), ("/0", ["0"]),
        ("/ä/\u{1F600}", ["ä", "\u{1F600}"]),
        ("/\u{301}a/\u{301}", ["\u{301}a", "\u{301}"]), ("/a~1\u{301}", ["a/\u{301}"]),
    ])
    func `text and tokens agree`(text: String, tokens: [String]) {
        #expect(JSONPointer(text)?.tokens == tokens)
        #expect(JSONPointer(tokens: tokens).description.unicodeScalars.elementsEqual(text.unicodeScalars))
    }

    @Test(arguments: ["a", "a/b", " /a", "/~", "/~2", "/a~", "/~/", "/~~0", "#/a", "\u{301}/a"])
    func `other texts are refused`(text: String) {
        #expect(JSONPointer(text) == nil)
    }
}

@Suite struct SubjectTests {
    @Test(arguments: ["identity/a", "user/a/b", "enterprise/ ", "identity/\u{301}a"])
    func `survives writing and reading`(text: String) {
        #expect(Subject(text)?.description == text)
    }

    @Test(arguments: ["", "identity", "identity/", "/a", "Identity/a", "house/a"])
    func `other texts are refused`(text: String) {
        #expect(Subject(text) == nil)
    }
}
