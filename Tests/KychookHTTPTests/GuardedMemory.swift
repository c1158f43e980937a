import Glibc

/// Memory that ends at a page which must not be touched: reading one byte too far ends the test run.
final class GuardedMemory {
    private let start: UnsafeMutableRawPointer
    private let usable: Int
    private let page = sysconf(Int32(_SC_PAGESIZE))

    /// - Parameter capacity: of the longest message that will be placed.
    init(capacity: Int) {
        usable = (capacity / page + 1) * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let memory = mmap(nil, usable + page, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED else {
            preconditionFailure("mmap: errno \(errno)")
        }
        start = memory
        mprotect(start + usable, page, PROT_NONE)
    }

    deinit {
        munmap(start, usable + page)
    }

    /// The bytes, the last of them right before the forbidden page.
    func place(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
        let buffer = UnsafeMutableRawBufferPointer(start: start + usable - bytes.count, count: bytes.count)
        buffer.copyBytes(from: bytes)
        return buffer
    }
}
