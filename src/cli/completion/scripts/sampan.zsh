#compdef sampan
# Completion of sampan for zsh. Load it: source <(sampan completion zsh), after compinit.

_sampan() {
  local program=${words[1]/#\~/$HOME} line adds=nothing
  local -a values
  for line in "${(@f)$("$program" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :*) adds=${line#:} ;;
      '') ;;
      # _describe wants value:description, with the colons of the value escaped.
      *) values+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  case $adds in
    files) [[ -prefix -*= ]] && compset -P '*='; _files ;;
    folders) [[ -prefix -*= ]] && compset -P '*='; _files -/ ;;
    *) _describe -V sampan values ;;
  esac
}

(( $+functions[compdef] )) && compdef _sampan sampan
