// Loops that Swift cannot write as fast: they choose their instructions at run time. One header for each topic.
#pragma once

#include "activations.h"
#include "attention.h"
#include "checksum.h"
#include "cores.h"
#include "few_rows.h"
#include "group_norm.h"
#include "half.h"
#include "normalisation.h"
#include "softmax.h"
#include "split_attention.h"
#include "split_convolution.h"
#include "split_product.h"
#include "thirds_product.h"
#include "torch_normal.h"
#include "winograd.h"
