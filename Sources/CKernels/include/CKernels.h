// Loops that Swift cannot write as fast: they choose their instructions at run time. One header for each topic.
#pragma once

#include "checksum.h"
#include "half.h"
