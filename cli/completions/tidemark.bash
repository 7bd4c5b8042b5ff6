# bash completion for tidemark
_tidemark() {
  local cur prev verb word
  cur=${COMP_WORDS[COMP_CWORD]}
  prev=${COMP_WORDS[COMP_CWORD - 1]}
  verb=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ls | info | verify | fetch | restore | prune | copy | check | gaps | takeover | keygen | sinks)
        verb=$word
        break
        ;;
    esac
  done
  case $prev in
    --config | --plugin | --lineage-file | --since-checkpoint | --checkpoint | --html | --metrics | -o | --output)
      COMPREPLY=($(compgen -f -- "$cur"))
      return
      ;;
    --sink-dir)
      COMPREPLY=($(compgen -d -- "$cur"))
      return
      ;;
  esac
  local plugin="--plugin --sink-dir -v --verbose -h --help --help-all"
  local common="--config --option --secret $plugin"
  case $verb in
    "") COMPREPLY=($(compgen -W "ls info verify fetch restore prune copy check gaps takeover keygen sinks -h --help --help-all --version" -- "$cur")) ;;
    ls) COMPREPLY=($(compgen -W "$common --json --allow-empty --from --to" -- "$cur")) ;;
    info) COMPREPLY=($(compgen -W "$common --json --allow-empty --epoch --jobs --html --checkpoint --metrics" -- "$cur")) ;;
    verify) COMPREPLY=($(compgen -W "$common --json --allow-empty --jobs --progress --identity --tag-key --accept-untagged --deep --since-checkpoint --reread --metrics" -- "$cur")) ;;
    fetch) COMPREPLY=($(compgen -W "$common --epoch --identity --tag-key --accept-untagged --plain -o --output" -- "$cur")) ;;
    restore)
      case $cur in
        -*) COMPREPLY=($(compgen -W "$common --json --epoch --identity --tag-key --accept-untagged --from --to --to-time --prefer --strict --keep-setid --into-existing --ignore-free-space --follow --interval --jobs --progress --check --dry-run" -- "$cur")) ;;
        *) COMPREPLY=($(compgen -d -- "$cur")) ;;
      esac
      ;;
    prune) COMPREPLY=($(compgen -W "$common --json --before --branch --older-than --keep-last --keep-bytes --all --jobs --progress --metrics --dry-run --yes" -- "$cur")) ;;
    copy) COMPREPLY=($(compgen -W "$common --to-option --to-secret --json --allow-empty --jobs --bwlimit --identity --tag-key --accept-untagged --compress --recipients --reread --size-only --dry-run" -- "$cur")) ;;
    check) COMPREPLY=($(compgen -W "$common --json --allow-empty --read-only" -- "$cur")) ;;
    gaps) COMPREPLY=($(compgen -W "$common --json --allow-empty --epoch --jobs --acknowledge --reason --checkpoint" -- "$cur")) ;;
    takeover) COMPREPLY=($(compgen -W "$common --json --lineage-file --over --restored-from --reason" -- "$cur")) ;;
    keygen) COMPREPLY=($(compgen -W "-h --help --help-all -o --output" -- "$cur")) ;;
    sinks) COMPREPLY=($(compgen -W "$plugin --json" -- "$cur")) ;;
  esac
}
complete -F _tidemark tidemark
