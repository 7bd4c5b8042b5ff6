#include <tidemark/archiver.h>
extern "C" const tidemark_archiver_api* tidemark_archiver_entry(uint32_t) { return nullptr; }
