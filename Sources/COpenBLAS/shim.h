#include <cblas.h>

// OpenBLAS carries LAPACK without a header for it. Singular values by divide and conquer, Fortran's calling convention.
void sgesdd_(const char *job, const int *rows, const int *columns, float *a, const int *a_stride, float *values, float *u,
             const int *u_stride, float *vt, const int *vt_stride, float *work, const int *work_length, int *integers,
             int *status);
