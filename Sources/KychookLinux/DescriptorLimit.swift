import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
    /// Raises the soft limit to at least this, as far as the hard limit allows; never lowers it.
    ///
    /// No further than needed: programs that are started from here inherit it, and some of them walk through all of it.
    /// - Returns: the limit then in force.
    package static func raise(to wanted: Int) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return wanted }
        let raised = min(max(limit.rlim_cur, rlim_t(wanted)), limit.rlim_max)
        if raised > limit.rlim_cur {
            limit.rlim_cur = raised
            guard setrlimit(resource, &limit) == 0 else { return raise(to: 0) }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
