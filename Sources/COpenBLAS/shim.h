#include <cblas.h>

// OpenBLAS carries LAPACK without a header for it. Singular values by divide and conquer, Fortran's calling convention.
void sgesdd_(const char *job, const int *rows, const int *columns, float *a, const int *a_stride, float *values, float *u,
             const int *u_stride, float *vt, const int *vt_stride, float *work, const int *work_length, int *integers,
             int *status);

// A = L Lᵀ of a symmetric positive definite matrix of doubles, what solves with it, and its inverse from it.
void dpotrf_(const char *triangle, const int *order, double *a, const int *a_stride, int *status);
void dpotrs_(const char *triangle, const int *order, const int *columns, const double *a, const int *a_stride, double *b,
             const int *b_stride, int *status);
void dpotri_(const char *triangle, const int *order, double *a, const int *a_stride, int *status);
