// How the page of info looks: one column on a telephone, where a row of a table is a block with a label
// before each value; light or dark as the reader has it. Colours have a contrast of 4.5 to 1 at least.
#ifndef TIDEMARK_CLI_INFO_PAGE_STYLE_H
#define TIDEMARK_CLI_INFO_PAGE_STYLE_H

namespace tidemark::cli {

inline constexpr char kInfoPageStyle[] = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1c2127; --soft: #59636e;
  --line: #d8dde3; --bar: #2f6fb3; --bad: #b3261e; --bad-card: #fdeceb; --warn: #8a5300; --good: #1a6b3c; }
@media (prefers-color-scheme: dark) { :root { --page: #12161b; --card: #1b2129; --ink: #e4e8ec; --soft: #9aa5b1;
  --line: #333c47; --bar: #5b9fe0; --bad: #ff8f85; --bad-card: #3a1d1c; --warn: #e8b45c; --good: #6fcf97; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1500px; padding: 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0.2rem 0; }
h2 { font-size: 1.05rem; margin: 0 0 0.6rem; }
p { margin: 0.3rem 0; }
.soft { color: var(--soft); }
.bad { color: var(--bad); font-weight: 600; }
.warn { color: var(--warn); }
.good { color: var(--good); font-weight: 600; }
section, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
section { padding: 0.9rem; margin: 0.9rem 0; }
section.wrong { background: var(--bad-card); border-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.7rem; margin: 0.9rem 0; }
.tile { padding: 0.6rem 0.8rem; }
.tile b { display: block; font-size: 1.3rem; line-height: 1.3; }
.wide { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 0.9rem;
  align-items: start; }
svg { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--line); }
svg rect { fill: var(--bar); }
.ends { display: flex; justify-content: space-between; gap: 1rem; font-size: 0.85rem; color: var(--soft); }
summary { cursor: pointer; padding: 0.3rem 0; }
code { font: 0.88em ui-monospace, monospace; }
ul { margin: 0.3rem 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: right; padding: 0.28rem 0.5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, th.left, td.left { text-align: left; }
th { color: var(--soft); font-weight: 600; overflow-wrap: normal; }
.partitions thead th { position: sticky; top: 0; background: var(--card); }
.wrong .partitions thead th { background: var(--bad-card); }
time, .number { white-space: nowrap; }
footer { color: var(--soft); font-size: 0.85rem; margin: 1rem 0; }
@media (max-width: 56rem) {
  .partitions thead, .histories thead { display: none; }
  .partitions tr, .histories tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0.1rem 0.8rem; padding: 0.6rem 0;
    border-bottom: 1px solid var(--line); }
  .partitions td, .histories td { border: 0; padding: 0; text-align: left; }
  .partitions td:empty, .histories td:empty { display: none; }
  .partitions td:first-child, .histories td:first-child { grid-column: 1 / -1; font-weight: 600; }
  .partitions td:last-child { grid-column: 1 / -1; }
  .partitions td:not(:first-child)::before, .histories td:not(:first-child)::before { display: block;
    font-size: 0.78rem; font-weight: 400; color: var(--soft); }
  .partitions td:nth-child(2)::before { content: "Frontier"; }
  .partitions td:nth-child(3)::before { content: "Archives"; }
  .partitions td:nth-child(4)::before { content: "Size"; }
  .partitions td:nth-child(5)::before { content: "Entries"; }
  .partitions td:nth-child(6)::before { content: "Oldest"; }
  .partitions td:nth-child(7)::before { content: "Newest"; }
  .histories td:nth-child(2)::before { content: "Runs"; }
  .histories td:nth-child(3)::before { content: "Last claim"; }
  .histories td:nth-child(4)::before { content: "Host"; }
  .histories td:nth-child(5)::before { content: "Claimed"; }
  .histories td:nth-child(6)::before { content: "Branches from"; }
  .histories td:nth-child(7)::before { content: "Archives only here"; }
  .histories td:nth-child(8)::before { content: "Size only here"; }
}
)css";

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_INFO_PAGE_STYLE_H
