// What may be repeated of what people typed, in messages, logs and metrics. A secret is often typed where
// none belongs: in a URL, in place of a file's name or of an option's. What looks like one is left out here,
// once for all rooms; whoever types it still has it before his eyes.
//
// Any thread; pure.
#ifndef TIDEMARK_COMMON_BASE_PRINTABLE_H
#define TIDEMARK_COMMON_BASE_PRINTABLE_H

#include <string>
#include <string_view>

namespace tidemark {

// Stands for what is left out of a message whole.
inline constexpr std::string_view kNotShown = "(not shown)";

// The place that a sink's URL names: without query and fragment, and without user and password, also where
// these were mistyped: "s3://user:pass/word@bucket/prefix" as "s3://bucket/prefix". Where it cannot be told
// what is the password it ends in "...". At most 300 bytes.
std::string printable_url(std::string_view url);

// Of the URL of a service, percent-decoded, what says which one it is: scheme, host, port and path. Empty
// where that cannot be told from a password.
std::string printable_endpoint(std::string_view url);

// A word of a command line that may be a URL in the wrong place, or a key.
std::string printable_word(std::string_view word);

// Whether a text that should name a file is a key itself, or the content of a file with one: of age, of tags,
// or a private key in PEM.
bool is_key_itself(std::string_view text);

// The name of a file that could not be opened: kNotShown for a key, or for what else a file with secrets
// holds.
std::string printable_file(std::string_view path);

// Whether a text looks like the name of an option, and not like a secret in its place: a letter, then
// lower-case letters, digits (four at most), '_' and '-', 40 at most in all.
bool is_option_name(std::string_view text);

// The name of an option that nobody knows, or kNotShown.
std::string printable_option(std::string_view name);

// What keeps a text from being KEY=VALUE, or KEY=VARIABLE, as `form` has it: empty if nothing does. Does not
// repeat the text, which may be the secret itself.
std::string pair_problem(std::string_view form, std::string_view text);

// Whether the value of an option, percent-decoded, has room for a secret: a user before a host, a query or a
// fragment of a URL, or a key.
bool may_hold_secret(std::string_view value);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_PRINTABLE_H
