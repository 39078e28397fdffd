#!/bin/sh
# Makes one HTML file of the page's parts, packs it, and writes the assembly that puts it in the kernel's image.
#   page.sh SOURCES OUTPUT
# SOURCES holds page.html, page.css and page.js; the lines <style></style> and <script></script> of the first are where the others go.
# OUTPUT gets page.html, page.html.gz and page.asm.
set -eu
sources=$1
output=$2
mkdir -p "$output"

awk -v css="$sources/page.css" -v js="$sources/page.js" '
  function insert(file,    line) { while ((getline line < file) > 0) print line }
  $0 == "<style></style>" { printf "<style>"; insert(css); print "</style>"; next }
  $0 == "<script></script>" { printf "<script>"; insert(js); print "</script>"; next }
  { print }' "$sources/page.html" > "$output/page.html"
gzip -9 -n -c "$output/page.html" > "$output/page.html.gz"

# What Content-Security-Policy calls an inline element: the hash of its text in base64.
hash() { printf "'sha256-%s'" "$(sha256sum < "$1" | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64)"; }

policy="default-src 'none'; script-src $(hash "$sources/page.js"); style-src $(hash "$sources/page.css"); connect-src 'self'"
policy="$policy; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
tag=$(sha256sum < "$output/page.html" | cut -c1-16)

cat > "$output/page.asm" <<END
section .rodata.page progbits alloc noexec nowrite align=1
global page_tag, page_policy, page_packed, page_end
page_tag: db '"$tag"'
page_policy: db "$policy"
page_packed: incbin "$output/page.html.gz"
page_end:
END
