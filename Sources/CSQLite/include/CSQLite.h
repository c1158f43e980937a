/// The one call of SQLite that Swift cannot make: its settings are variadic.
#pragma once

/// Has SQLite count no memory, whose counters every allocation takes a mutex for (SQLITE_CONFIG_MEMSTATUS).
/// Before SQLite's first use in this process; later it does nothing.
void kychook_sqlite_count_no_memory(void);
