# Completion of sampan for bash. Load it: source <(sampan completion bash)

_sampan() {
  # Readline breaks words at ":" and "="; sampan wants them whole: what stands together in the line belongs together.
  local rest=$COMP_LINE word index whole=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if ((index == 0)) || [[ $rest == [[:space:]]* ]]; then
      whole+=("$word")
    else
      whole[${#whole[@]} - 1]+=$word
    fi
    rest=${rest#"${rest%%[![:space:]]*}"}
    rest=${rest#"$word"}
  done

  local program=${whole[0]/#\~/$HOME} typed=${whole[${#whole[@]} - 1]} line adds=nothing values=()
  while IFS= read -r line; do
    case $line in
      :*) adds=${line#:} ;;
      *) values+=("${line%%$'\t'*}") ;;
    esac
  done < <("$program" __complete -- "${whole[@]:1}" 2>/dev/null)

  # Readline replaces only what follows the last break.
  local kept=${typed%"${typed##*[:=]}"}
  COMPREPLY=()
  for line in ${values[@]+"${values[@]}"}; do COMPREPLY+=("${line#"$kept"}"); done
  case $adds in
    files) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${typed#"$kept"}") ;;
    folders) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "${typed#"$kept"}") ;;
  esac
  [[ $adds == nothing ]] || compopt -o filenames 2>/dev/null
  return 0
}

complete -F _sampan sampan
