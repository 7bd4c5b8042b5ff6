// A number as "%llu" takes it, which is not the type that uint64_t is everywhere. Any thread; pure.
#ifndef TIDEMARK_SIM_NUMBER_H
#define TIDEMARK_SIM_NUMBER_H

#include <cstdint>

namespace tidemark::sim {

inline unsigned long long number(uint64_t value) { return value; }

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_NUMBER_H
