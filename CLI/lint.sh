#!/bin/sh
# Rules that no compiler checks. Prints each finding as FILE:LINE and fails where there is one.
set -u
status=0

report() {
  if [ -n "$2" ]; then
    printf '%s\n%s\n' "$1" "$2"
    status=1
  fi
}

portable() { find Kernel -name '*.swift' -not -path 'Kernel/Machine/*' -not -path 'Kernel/Drivers/*' -not -path 'Kernel/Main/*'; }

report 'Unsafe code belongs in Kernel/Machine and Kernel/Drivers only:' \
  "$(portable | xargs grep -nE '(^|[^[:alnum:]_@"])unsafe([^[:alnum:]_]|$)|Unsafe(Mutable)?(Raw)?(Buffer)?Pointer' | grep -vE '^[^:]+:[0-9]+: *//')"
report 'No conditional compilation: the same files serve kernel and host:' \
  "$(find Kernel Userland -name '*.swift' | xargs grep -nE '^ *#if')"
report 'Files past 500 lines want to be two:' \
  "$(find Boot Kernel Userland CLI Tests -type f \( -name '*.swift' -o -name '*.asm' -o -name '*.h' \) -exec awk 'END { if (NR > 500) print FILENAME ": " NR }' {} \;)"
report 'Unfinished marks:' \
  "$(grep -rnE 'TODO|FIXME|XXX|HACK' Boot Kernel Userland CLI Tests --include='*.swift' --include='*.asm' --include='*.h' --include='*.c')"
report 'Machine modules import nothing above them:' \
  "$(grep -rnE '^(public )?import (Net|HTTP|API|Server|Drivers|Settings)$' Kernel/Machine --include='*.swift')"
report 'Net knows neither HTTP nor devices:' \
  "$(grep -rnE '^(public )?import (HTTP|API|Server|Drivers|Machine|Actions|ABI)$' Kernel/Net --include='*.swift')"

[ "$status" = 0 ] && echo 'lint: nothing found'
exit "$status"
