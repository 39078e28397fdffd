#!/bin/sh
# Fetches the servers and tools that are compared and not installed: packages are downloaded and unpacked, nothing is installed or started.
#
#   packages.sh OUTPUT      leaves them, with their libraries, in OUTPUT/root
#
# What cannot be had is left out by the bench, by name.
set -u
output=$1
mkdir -p "$output"
cd "$output"
PATH=$PATH:/usr/sbin

apt-cache show nginx >/dev/null 2>&1 || apt-get update -qq

fetch() {
  command -v "$1" >/dev/null 2>&1 && return
  shift
  echo "  FETCH   $1"
  apt-get download -qq "$@" 2>/dev/null || echo "  $1 cannot be had" >&2
}

fetch nginx nginx libpcre2-8-0 libcrypt1 libssl3 zlib1g
fetch lighttpd lighttpd libpcre2-8-0 libxxhash0 libnettle8 libhogweed6 libcrypt1
fetch crun crun libyajl2 libseccomp2 libcap2 libsystemd0
for package in ./*.deb; do
  [ ! -e "$package" ] || dpkg-deb -x "$package" root
done
