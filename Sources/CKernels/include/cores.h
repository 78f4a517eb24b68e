#pragma once

// How many cores this process may run on.
int ag_available_cores(void);
