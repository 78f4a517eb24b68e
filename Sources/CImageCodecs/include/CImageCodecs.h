typedef int CImageCodecs_unused;
