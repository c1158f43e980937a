import ArgumentParser
import Glibc
import KychookBitGo
import KychookClient
import KychookConfig
import KychookLinux
import KychookSandbox
import KychookServer
import KychookStore

/// Exit codes by sysexits.h.
enum ExitStatus: Int32 {
    case data = 65
    case unavailable = 69
    case inputOutput = 74
    case noPermission = 77
    case configuration = 78
}

/// Prints an error as every command does, and gives the exit code to throw.
func failure(_ status: ExitStatus, _ message: String) -> ExitCode {
    printError("kychook: \(message)")
    return ExitCode(status.rawValue)
}

func printError(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    bytes.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The exit code that belongs to an error of the layers below.
func failure(_ error: any Error) -> any Error {
    switch error {
    case let error as ExitCode:
        return error
    case let error as StoreError:
        return failure(ExitStatus(error), error.description)
    case let error as ConfigurationErrors:
        printError(error.description)
        return ExitCode(ExitStatus.configuration.rawValue)
    case let error as ControlClient.Cut:
        return failure(.unavailable, error.description)
    case let error as CommandRefusal:
        return failure(.data, error.description)
    case let error as BitGoAPIError:
        return failure(error)
    case let error as WorldStoreError:
        return failure(error.isInUse ? .unavailable : .inputOutput, error.description)
    case let error as SandboxClient.Failure:
        return failure(ExitStatus(error), error.description)
    case let error as SecretInstaller.Failure:
        return failure(error.status, error.description)
    case let error as RequestProblem:
        return failure(.data, "nothing was sent: \(error)")
    case let error as DescriptorShortage:
        return failure(.configuration, error.description)
    case let error as HandoverFault:
        return failure(.configuration, error.description)
    case let error as SystemError where error.call == "bind" || error.call == "listen":
        return failure(.unavailable, "\(error)\(remedy(for: error.code))")
    case let error as SystemError where error.code == ENOSPC && error.subject.hasPrefix("/"):
        return failure(.inputOutput, "\(error): \(StoreError.makeRoom)")
    case let error as SystemError:
        return failure(.inputOutput, error.description)
    default:
        return error
    }
}

/// What to do about an address that cannot be listened on.
private func remedy(for code: Int32) -> String {
    switch code {
    case EADDRINUSE: ": end the program that listens there (`ss -ltnp` names it), or choose another address"
    case EADDRNOTAVAIL: ": choose an address of this machine (`ip address` lists them)"
    case EACCES: ": choose a port from 1024 on, or give this program the capability CAP_NET_BIND_SERVICE"
    case ENAMETOOLONG: ": choose a shorter `state_dir`"
    default: ""
    }
}

extension ExitStatus {
    fileprivate init(_ error: StoreError) {
        switch error {
        case .locked: self = .unavailable
        case .corrupt, .unavailable: self = .inputOutput
        case .newer: self = .configuration
        }
    }
}

extension ExitStatus {
    init(_ error: ClientError) {
        switch error {
        case .invalidRequest: self = .configuration
        case .couldNotResolve, .couldNotConnect, .refusedTarget, .tlsFailed, .timedOut, .cut, .malformedAnswer,
            .cancelled, .failed:
            self = .unavailable
        }
    }
}

extension ExitStatus {
    fileprivate init(_ error: SandboxClient.Failure) {
        switch error {
        case .unreachable: self = .unavailable
        case .refused: self = .data
        }
    }
}

/// Runs a command's body so that every error leaves with its text and its exit code.
func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        let result = try body()
        try finishOutput()
        return result
    } catch {
        throw failure(error)
    }
}
