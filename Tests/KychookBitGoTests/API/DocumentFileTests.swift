import KychookBitGo
import KychookModel
import KychookTesting
import Testing

@Suite struct DocumentFileTests {
    @Test(arguments: [(199, 200, false), (200, 199, false), (200, 200, true), (201, 200, true)])
    func `an image of less than 200 x 200 pixels is refused`(width: Int, height: Int, isGood: Bool) {
        for bytes in [samplePNG(width, height), jpeg(width, height), jpeg(width, height, marker: 0xC2)] {
            let problem = DocumentFile(name: "front", bytes: bytes).problem
            #expect(problem == (isGood ? nil : .tooSmall(ImageSize(width: width, height: height))))
        }
    }

    @Test(arguments: [(-1, nil), (0, nil), (1, DocumentFile.Problem.tooLarge)])
    func `a file of more than 15 MiB is refused`(difference: Int, problem: DocumentFile.Problem?) {
        let header = samplePNG(300, 300)
        let rest = [UInt8](repeating: 0, count: 15 * 1024 * 1024 + difference - header.count)
        #expect(DocumentFile(name: "front", bytes: header + rest).problem == problem)
    }

    @Test(arguments: [
        ("%PDF-1.7 …", nil), ("GIF89a", DocumentFile.Problem.unknownFormat), ("", .empty),
    ])
    func `a pdf passes without pixels, other formats with a warning`(text: String, problem: DocumentFile.Problem?) {
        #expect(DocumentFile(name: "front", bytes: Array(text.utf8)).problem == problem)
        #expect(problem?.isWarning ?? false == (problem == .unknownFormat))
    }

    @Test func `the size is found behind other segments and fill bytes, never in a thumbnail`() {
        // The thumbnail's own frame header lies inside the first segment.
        let thumbnail = frame(160, 120, marker: 0xC0)
        let segment: [UInt8] = [0xFF, 0xE1] + sixteen(thumbnail.count + 2) + thumbnail
        let table: [UInt8] = [0xFF, 0xFF, 0xFF, 0xC4, 0, 4, 1, 2]
        let bytes = [0xFF, 0xD8] + segment + table + frame(640, 480, marker: 0xC1)
        #expect(DocumentFile(name: "front", bytes: bytes).format == .jpeg(ImageSize(width: 640, height: 480)))
    }

    @Test func `no cut of an image is read beyond its end, and none but the whole header has a size`() {
        for whole in [samplePNG(300, 400), jpeg(300, 400)] {
            let headerInBytes = whole.starts(with: [0xFF]) ? whole.count - 8 : 24
            for count in 0..<headerInBytes {
                switch DocumentFile(name: "front", bytes: Array(whole.prefix(count))).format {
                case .png(let size), .jpeg(let size): #expect(size == nil, "\(count) bytes")
                case .pdf, .other: #expect(count < 8)
                }
            }
        }
    }

    @Test(
        arguments: [
            [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 0xFF, 0xC0, 0, 11, 8, 1, 44, 1, 44],  // behind the start of the scan
            [0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0xFF, 0xC0, 0, 11, 8, 1, 44, 1, 44],  // a length below its own two bytes
            [0xFF, 0xD8, 0xFF, 0xC0, 0, 6, 8, 1, 44, 1, 44],  // a frame header too short for a size
            [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 0, 1, 44],  // a height that comes later
            [0xFF, 0xD8, 0x00, 0xFF, 0xC0, 0, 11, 8, 1, 44, 1, 44],  // no marker where one must be
        ] as [[UInt8]]
    )
    func `a damaged jpeg has no size`(bytes: [UInt8]) {
        #expect(DocumentFile(name: "front", bytes: bytes).problem == .unreadableImage)
    }

    private func jpeg(_ width: Int, _ height: Int, marker: UInt8 = 0xC0) -> [UInt8] {
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0x4A, 0x46] + frame(width, height, marker: marker)
    }

    private func frame(_ width: Int, _ height: Int, marker: UInt8) -> [UInt8] {
        [0xFF, marker, 0, 15, 8] + sixteen(height) + sixteen(width) + [3, 1, 0x22, 0, 2, 0x11, 1, 3]
    }

    private func sixteen(_ number: Int) -> [UInt8] {
        [UInt8(number >> 8), UInt8(number & 0xFF)]
    }
}
