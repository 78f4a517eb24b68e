typedef int COneDNN_unused;
