import KychookInterpret
import KychookModel
import Testing

@Suite struct JSONReaderTests {
    private func read(_ text: String, _ pointers: String...) -> (shape: JSONReader.Shape, scalars: [String?]) {
        let places = JSONPlaces(pointers.compactMap { JSONPointer($0) })
        return Array(text.utf8).withUnsafeBytes { bytes in
            JSONReader().read(bytes, places) { shape, found in
                (shape, (0..<places.count).map { found.scalar($0) })
            }
        }
    }

    @Test func `reads strings, numbers and truth values as text`() {
        let result = read(
            #"{"a":"x","b":1.50,"c":true,"d":false,"e":null,"f":{},"g":[]}"#,
            "/a",
            "/b",
            "/c",
            "/d",
            "/e",
            "/f",
            "/g",
            "/h"
        )
        #expect(result.scalars == ["x", "1.50", "true", "false", nil, nil, nil, nil])
    }

    @Test(arguments: [
        ("/a/0", "zero"), ("/a/1/b", "one"), ("/a/2", nil), ("/a/00", nil), ("/a/-", nil), ("/a/01", nil), ("/a", nil),
        ("", nil), ("/", "empty"), ("//x", "inner"), ("/b/0", "member"),
    ])
    func `follows a pointer`(pointer: String, expected: String?) {
        let text = #"{"a":["zero",{"b":"one"}],"":"empty","b":{"0":"member"}}"#
        let inner = #"{"a":["zero",{"b":"one"}],"":{"x":"inner"},"b":{"0":"member"}}"#
        #expect(read(pointer == "//x" ? inner : text, pointer).scalars == [expected])
    }

    @Test func `pointers may share a beginning, and one may be the beginning of another`() {
        let result = read(#"{"a":{"b":{"c":"x"},"d":"y"}}"#, "/a/b/c", "/a/d", "/a/b", "/a/b/c/d")
        #expect(result.scalars == ["x", "y", nil, nil])
    }

    @Test func `a text that turns out not to be json has no values`() {
        let result = read(#"{"a":"x","b":1,}"#, "/a", "/b")
        #expect(result.shape == .invalid)
        #expect(result.scalars == [nil, nil])
    }

    @Test func `an array at the top has no values`() {
        let result = read(#"["x"]"#, "/0")
        #expect(result.shape == .other)
        #expect(result.scalars == [nil])
    }

    @Test func `checks a text without looking for anything`() {
        #expect(read("{}").shape == .object)
        #expect(read("[1]").shape == .other)
        #expect(read("{").shape == .invalid)
    }

    @Test func `one reader serves different places`() {
        let reader = JSONReader()
        let text = Array(#"{"a":"1","b":"2","c":"3"}"#.utf8)
        for names in [["/a"], ["/c", "/b", "/a"], [], ["/b"]] {
            let places = JSONPlaces(names.compactMap { JSONPointer($0) })
            let values = text.withUnsafeBytes { bytes in
                reader.read(bytes, places) { _, found in (0..<places.count).map { found.string($0) } }
            }
            #expect(values == names.map { ["/a": "1", "/b": "2", "/c": "3"][$0] })
        }
    }
}
