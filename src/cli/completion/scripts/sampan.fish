# Completion of sampan for fish. Load it: sampan completion fish | source

function __sampan_complete
    set -l typed (commandline -opc) (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -l adds nothing
    # Not `set typed[1]`: the current token is an element even when it is empty.
    for line in ($program __complete -- $typed[2..-1] 2>/dev/null)
        switch $line
            case ':*'
                set adds (string sub -s 2 -- $line)
            case '*'
                echo -- $line
        end
    end
    switch $adds
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct)
    end
end

complete -c sampan -e
complete -c sampan -f -a '(__sampan_complete)'
