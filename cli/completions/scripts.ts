/**
 * What a shell runs to complete a command line: it asks the program, which knows the options of each model and task, and
 * the runs there are. Cliffy's own scripts know only what does not depend on what was typed.
 *
 * @module
 */

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell. */
export type Shell = typeof SHELLS[number];

// Each line that the program prints is a word, a tab and what it means. Where there is none, names of files are completed.

const BASH = `# bash completion for unroll
_unroll() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" completions complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _unroll unroll
`;

const ZSH = `#compdef unroll
_unroll() {
  local line
  local -a found
  "\${words[1]}" completions complete "\${(@)words[2,CURRENT]}" 2>/dev/null | while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if [[ \${words[CURRENT]} == --*=* ]]; then compset -P '*='; fi
  if (( \${#found} )); then _describe unroll found; else _files; fi
}
compdef _unroll unroll
`;

const FISH = `# fish completion for unroll
function __unroll_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] completions complete $words[2..-1] "$current" 2>/dev/null)
  set -l flag (string match -r -- '^--[\\w-]+=' "$current")
  if test (count $found) -gt 0
    printf '%s\\n' "$flag"$found
  else
    __fish_complete_path "$current"
  end
end
complete -c unroll -f -a '(__unroll_complete)'
`;

/** The script of each shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
