#!/bin/sh
# Makes the Linux guest that Swiftlet is compared with: Debian's cloud kernel, busybox, the virtio modules, nginx, bench-server and the actions.
#
#   guest.sh OUTPUT SERVER ACTION …     leaves OUTPUT/vmlinuz and OUTPUT/initrd.cpio.gz
#
# The packages are taken with `apt-get download` and unpacked; nothing is installed.
set -eu
output=$1 server=$2
shift 2
packages=$output/packages
root=$output/root
mkdir -p "$packages"
cd "$packages"
if ! ls linux-image-*.deb busybox-static_*.deb nginx_*.deb >/dev/null 2>&1; then
  rm -f ./*.deb
  apt-cache show nginx >/dev/null 2>&1 || apt-get update -qq
  kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  apt-get download -qq "$kernel" busybox-static nginx 2>/dev/null
fi
rm -rf unpacked "$root"
for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
cp unpacked/boot/vmlinuz-* "$output/vmlinuz"

mkdir -p "$root/bin" "$root/modules" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc" "$root/usr/sbin" \
  "$root/var/log/nginx" "$root/var/lib/nginx"
cp unpacked/bin/busybox "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
number=10
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_mmio failover net_failover virtio_net; do
  file=$(find unpacked/lib/modules -name "$module.ko")
  [ -z "$file" ] || cp "$file" "$root/modules/$number-$module.ko"
  number=$((number + 1))
done
cp "$server" "$root/bench-server"
cp "$@" "$root/"

# nginx and the libraries that it asks for, those of this machine: the release is the same.
cp unpacked/usr/sbin/nginx "$root/usr/sbin/"
ldd unpacked/usr/sbin/nginx | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
echo 'root:x:0:0::/:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
cat > "$root/etc/nginx.conf" <<'END'
user root root;
worker_processes 1;
error_log /dev/null;
pid /tmp/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  server {
    listen 82 backlog=4096;
    location / { return 200 "0123456789012345678901234567890123456789012345678901234567890123"; }
  }
}
END
cat > "$root/init" <<'END'
#!/bin/sh
export PATH=/bin:/usr/sbin
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
busybox mount -t devtmpfs none /dev
for module in /modules/*; do busybox insmod $module; done
for word in $(busybox cat /proc/cmdline); do
  case $word in address=*) busybox ip addr add ${word#address=} dev eth0 ;; gateway=*) gateway=${word#gateway=} ;; esac
done
busybox ip link set lo up
busybox ip link set eth0 up
[ -z "$gateway" ] || busybox ip route add default via $gateway
/bench-server --port 80 -- /echo &
/bench-server --port 81 --warm &
nginx -c /etc/nginx.conf
[ ! -e /echo-glibc ] || /bench-server --port 83 -- /echo-glibc &
/bench-server --port 84 -- /compute &
case $(busybox cat /proc/cmdline) in
  *spawns*) /bench-server --spawn 200 -- /echo ;;
esac
exec busybox sleep 1000000
END
chmod +x "$root/init"
(cd "$root" && find . | "$packages/unpacked/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null | gzip -1) > "$output/initrd.cpio.gz"
