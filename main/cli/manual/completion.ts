/** Completion for the shells that people use, made of the commands' own definitions. */
import type { OptionFacts, VerbFacts } from './verbs.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Within single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const spellings = ({ short, longs }: OptionFacts): string[] => [...(short === undefined ? [] : [short]), ...longs];

/** Bash splits words at `=` too, so that `--model=e` is three of them. */
function bash(verbs: readonly VerbFacts[]): string {
  const valueCase = (option: OptionFacts): string[] => {
    if (option.value === undefined) return [];
    const give = option.files ? '_fdscope_files' : `_fdscope_words ${quoted((option.values ?? []).join(' '))}`;
    return [`        ${spellings(option).join('|')}) ${give}; return ;;`];
  };
  const verbCase = ({ name, options, suggested }: VerbFacts): string => {
    const words = suggested.values?.join(' ') ?? '';
    const rest = suggested.files
      ? `_fdscope_words ${quoted(words)}; _fdscope_files`
      : `_fdscope_words ${quoted(words)}`;
    return [
      `    ${name})`,
      '      case "$previous" in',
      ...options.flatMap(valueCase),
      '      esac',
      `      case "$current" in`,
      `        -*) _fdscope_words ${quoted(options.flatMap(spellings).join(' '))} ;;`,
      `        *) ${rest} ;;`,
      '      esac ;;',
    ].join('\n');
  };
  return `# Completion of fdscope for bash: eval "$(fdscope completion bash)" in ~/.bashrc, or this text as
# ~/.local/share/bash-completion/completions/fdscope
_fdscope_words() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$current")
}
_fdscope_files() {
  local word
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
}
_fdscope() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$current" = '=' ]; then current=''; elif [ "$previous" = '=' ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    _fdscope_words ${quoted([...verbs.map(({ name }) => name), 'help', '--help', '--version'].join(' '))}
    return
  fi
  case "$verb" in
    help) _fdscope_words ${quoted(verbs.map(({ name }) => name).join(' '))} ;;
${verbs.map(verbCase).join('\n')}
  esac
}
complete -F _fdscope fdscope
`;
}

/** Within the brackets and between the colons of _arguments. */
const zshText = (text: string): string => text.replaceAll(/[\\[\]:]/g, (sign) => `\\${sign}`);

function zsh(verbs: readonly VerbFacts[]): string {
  const action = ({ values, files }: { values?: readonly string[]; files?: boolean }): string => {
    const words = (values ?? []).map((word) => word.replaceAll(/[\s()]/g, (sign) => `\\${sign}`)).join(' ');
    if (files) return words === '' ? '_files' : ` _alternative "names:name:(${words})" "files:file:_files"`;
    return words === '' ? ' ' : `(${words})`;
  };
  const optionLine = (option: OptionFacts): string => {
    const names = spellings(option);
    const takes = option.value === undefined ? '' : `:${zshText(option.value)}:${action(option)}`;
    // The other spellings are not offered after one.
    const each = (name: string): string =>
      `      ${quoted(`(${names.join(' ')})${name}[${zshText(option.summary)}]${takes}`)}`;
    return names.map(each).join(' \\\n');
  };
  const verbCase = ({ name, options, arguments: given, suggested }: VerbFacts): string => {
    const [first] = given;
    const rest = first
      ? ` \\\n      ${quoted(`*:${zshText(first.text.replaceAll(/[<>[\]]/g, ''))}:${action(suggested)}`)}`
      : '';
    return `    ${name}) _arguments -S \\\n${options.map(optionLine).join(' \\\n')}${rest} ;;`;
  };
  const lines = verbs.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`);
  return `#compdef fdscope
# Completion of fdscope for zsh: this text as _fdscope in a folder of $fpath, or eval "$(fdscope completion zsh)" after compinit.
_fdscope() {
  local -a verbs
  verbs=(
${lines.join('\n')}
    'help:show what a command takes'
  )
  if (( CURRENT == 2 )); then
    _describe -t commands command verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
    help) _describe -t commands command verbs ;;
${verbs.map(verbCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = _fdscope ]; then _fdscope "$@"; else compdef _fdscope fdscope; fi
`;
}

/** Fish has backslashes within single quotes. */
const fishQuoted = (text: string): string => `'${text.replaceAll(/[\\']/g, (sign) => `\\${sign}`)}'`;

function fish(verbs: readonly VerbFacts[]): string {
  const optionLine = (verb: string, { short, longs, value, values, files, summary }: OptionFacts): string => {
    const names = [
      ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
      ...longs.map((long) => `-l ${long.slice(2)}`),
    ];
    const takes = value === undefined ? '' : files ? ' -r -F' : ' -x';
    const words = values && value !== undefined ? ` -a ${fishQuoted(values.join(' '))}` : '';
    return `complete -c fdscope -n '__fish_seen_subcommand_from ${verb}' ${names.join(' ')}${takes}${words} -d ${fishQuoted(summary)}`;
  };
  const verbLines = ({ name, summary, options, suggested }: VerbFacts): string[] => [
    `complete -c fdscope -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`,
    ...(suggested.values
      ? [`complete -c fdscope -n '__fish_seen_subcommand_from ${name}' -a ${fishQuoted(suggested.values.join(' '))}`]
      : []),
    ...(suggested.files ? [`complete -c fdscope -n '__fish_seen_subcommand_from ${name}' -F`] : []),
    ...options.map((option) => optionLine(name, option)),
  ];
  return [
    '# Completion of fdscope for fish: this text as ~/.config/fish/completions/fdscope.fish, or fdscope completion fish | source',
    'complete -c fdscope -f',
    `complete -c fdscope -n __fish_use_subcommand -a help -d 'show what a command takes'`,
    ...verbs.flatMap(verbLines),
    '',
  ].join('\n');
}

const writers: Readonly<Record<Shell, (verbs: readonly VerbFacts[]) => string>> = { bash, zsh, fish };

export const completionScript = (shell: Shell, verbs: readonly VerbFacts[]): string => writers[shell](verbs);
