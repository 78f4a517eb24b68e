#pragma once

// Sixteen uniform numbers of [0, 1) to sixteen normal ones, in place, as torch's CPU generator makes them: element i and
// element i + 8 are the radius and the angle of Box and Muller (1958). Equal to torch 2 on CPUs with AVX2, bit for bit.
void ag_torch_normals(float *block);
