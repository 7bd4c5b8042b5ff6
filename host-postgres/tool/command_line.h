// The command line of tidemark-postgres, and which verb it is.
//
// Main thread.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_COMMAND_LINE_H
#define TIDEMARK_HOST_POSTGRES_TOOL_COMMAND_LINE_H

namespace tidemark::postgres {

// The exit code. Whatever is wrong with the command is 204.
int run_command_line(int argc, char** argv);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_COMMAND_LINE_H
