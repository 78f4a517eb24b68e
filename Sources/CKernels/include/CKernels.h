typedef int CKernels_unused;
