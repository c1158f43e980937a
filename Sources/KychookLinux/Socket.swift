import CLinux
import Glibc

/// What became of a non-blocking read or write.
package enum Transfer: Equatable, Sendable {
    /// So many bytes; reading none means the peer has ended its side.
    case bytes(Int)
    case wouldBlock
    /// errno; the connection is of no more use.
    case failed(Int32)
}

/// What became of a non-blocking accept.
package enum Accepted: ~Copyable {
    case connection(Descriptor)
    /// The queue is empty.
    case none
    /// No descriptor or no memory is left; what waits in the queue must wait on.
    case exhausted
    /// That one connection had died already, or the network hiccups: try the next.
    case skipped
}

extension Descriptor {
    /// Reads what has arrived, as much as there is room for.
    package borrowing func receive(into room: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(number, room.baseAddress, room.count, 0)
            if count >= 0 { return .bytes(count) }
            if let outcome = failure() { return outcome }
        }
    }

    /// Writes as much as the kernel takes now; never raises SIGPIPE.
    package borrowing func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            if let outcome = failure() { return outcome }
        }
    }

    /// Tells the peer that nothing more will be sent; reading goes on.
    package borrowing func finishSending() {
        shutdown(number, Int32(SHUT_WR))
    }

    /// Makes the end of this connection a reset: what the peer has not read is dropped. Otherwise the kernel would keep it,
    /// with nobody to bound how long, for a peer that never reads.
    package borrowing func resetWhenClosed() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Takes the next connection of a listening socket, non-blocking and without Nagle's delay.
    package borrowing func accept() -> Accepted {
        let accepted = kychook_accept(number, nil, nil)
        if accepted >= 0 {
            // Fails on Unix-domain sockets, which have no such delay.
            setOption(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            return .connection(Descriptor(owning: accepted))
        }
        switch errno {
        case EAGAIN: return .none
        case EMFILE, ENFILE, ENOMEM, ENOBUFS: return .exhausted
        case EBADF, EFAULT, EINVAL, ENOTSOCK: preconditionFailure("accept: not a listening socket")
        default: return .skipped
        }
    }

    /// Of a failed transfer; nil: interrupted, try again.
    private borrowing func failure() -> Transfer? {
        let code = errno
        switch code {
        case EINTR: return nil
        case EAGAIN: return .wouldBlock
        // With descriptor reuse, going on could touch another's connection.
        case EBADF, EFAULT, ENOTSOCK: preconditionFailure("bad descriptor or address")
        default: return .failed(code)
        }
    }
}

func setOption(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}
