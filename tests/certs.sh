#!/bin/sh
# Makes every certificate that the tests and the demos need, and checks each of them.
#
#   OUT=fixtures/tls tests/certs.sh       (what `make certs` does)
#
# It needs openssl only. The book's recipe has three steps, and they are the same today:
#
#   1. a private key                        openssl genpkey
#   2. a signing request: name + public key openssl req -new
#   3. the CA signs it                      openssl ca  (the book: openssl x509 -req)
#
# New since the book: P-256 instead of RSA with 1024 bits, and X.509 v3, because the hosts are in
# subjectAltName only (RFC 9525) and basicConstraints says whether a certificate may sign others
# (RFC 5280 §4.2.1.9). Step 3 is `openssl ca` because that command sets both dates.
set -eu

OUT=${OUT:-fixtures/tls}
mkdir -p "$OUT"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Dates as the certificates write them. From 2050 on there are four digits for the year.
always='20200101000000Z 21200101000000Z'
expired='20210101000000Z 20220101000000Z'
notyet='20900101000000Z 21200101000000Z'

here='DNS:localhost, IP:127.0.0.1, IP:::1, DNS:dev.test.com'

# ---- the CA signs a request ----

cat >"$work/ca.cnf" <<'CNF'
[ca]
default_ca = authority
[authority]
database = $ENV::work/index.txt
new_certs_dir = $ENV::work
default_md = sha256
rand_serial = yes
policy = any
unique_subject = no
email_in_dn = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = nothing
string_mask = utf8only
[nothing]
CNF
: >"$work/index.txt"
export work

# The extensions of each kind of certificate; $names goes into the servers'.
extensions() {
    case $1 in
    root) cat <<'EXT' ;;
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
EXT
    intermediate) cat <<'EXT' ;;
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXT
    server) cat <<EXT ;;
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXT
    client) cat <<'EXT' ;;
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXT
    none) ;;
    esac
}

# ---- the three steps ----

key() { # NAME [rsa bits]
    if [ $# -eq 2 ]; then
        openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -out "$OUT/$1.key" 2>"$work/log"
    else
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$OUT/$1.key"
    fi
}

request() { # NAME SUBJECT
    openssl req -new -utf8 -config "$work/ca.cnf" -subj "$2" -key "$OUT/$1.key" -out "$work/$1.csr"
}

sign() { # NAME KIND 'FROM TO' ISSUER (itself for a self-signed one)
    extensions "$2" >"$work/$1.ext"
    who="-cert $OUT/$4.crt"
    [ "$1" != "$4" ] || who=-selfsign
    # shellcheck disable=SC2086 # $who is two words
    openssl ca -batch -notext -preserveDN -config "$work/ca.cnf" \
        $who -keyfile "$OUT/$4.key" -startdate "${3% *}" -enddate "${3#* }" \
        -extfile "$work/$1.ext" -in "$work/$1.csr" -out "$OUT/$1.crt" 2>"$work/log" ||
        { cat "$work/log" >&2; exit 1; }
}

# NAME SUBJECT KIND DATES ISSUER, with a P-256 key of its own
issue() {
    key "$1"
    request "$1" "$2"
    sign "$1" "$3" "$4" "$5"
}

# ---- the good ones: the book's names first ----

names=$here
issue ca '/C=CN/O=barewire test/CN=barewire test CA' root "$always" ca
issue server '/C=CN/O=barewire test/CN=localhost' server "$always" ca
issue client '/C=CN/O=深入浅出/CN=client' client "$always" ca

names='DNS:other.test.com, DNS:*.wild.test.com'
issue other '/O=barewire test/CN=other.test.com' server "$always" ca

names=$here
key rsa 2048
request rsa '/O=barewire test/CN=localhost'
sign rsa server "$always" ca

issue intermediate '/O=barewire test/CN=barewire test intermediate' intermediate "$always" ca
issue chained-leaf '/O=barewire test/CN=localhost' server "$always" intermediate
cat "$OUT/chained-leaf.crt" "$OUT/intermediate.crt" >"$OUT/chained.crt"
mv "$OUT/chained-leaf.key" "$OUT/chained.key"

# The same keys as other programs write them, and one that needs a passphrase.
openssl ec -in "$OUT/server.key" -out "$OUT/server-sec1.key" 2>"$work/log"
openssl rsa -traditional -in "$OUT/rsa.key" -out "$OUT/rsa-pkcs1.key" 2>"$work/log"
openssl pkcs8 -topk8 -in "$OUT/server.key" -passout pass:secret -out "$OUT/encrypted.key"

# Every form of PEM that openssl writes around them: see pem.txt.
forms="$OUT/forms"
mkdir -p "$forms"
openssl x509 -in "$OUT/server.crt" -text -out "$forms/text.pem"
openssl x509 -in "$OUT/server.crt" -trustout -addtrust serverAuth -out "$forms/trusted.pem"
openssl crl2pkcs7 -nocrl -certfile "$OUT/server.crt" -out "$forms/pkcs7.pem"
openssl crl2pkcs7 -nocrl -certfile "$OUT/chained.crt" | openssl pkcs7 -print_certs -out "$forms/printed.pem"
openssl pkcs12 -export -in "$OUT/server.crt" -inkey "$OUT/server.key" -name server -passout pass:secret |
    openssl pkcs12 -nodes -passin pass:secret -out "$forms/pkcs12.pem"
openssl req -new -config "$work/ca.cnf" -subj '/CN=localhost' -key "$OUT/server.key" -out "$forms/request.pem"
openssl ca -config "$work/ca.cnf" -cert "$OUT/ca.crt" -keyfile "$OUT/ca.key" -gencrl -crldays 36500 \
    -out "$forms/crl.pem" 2>"$work/log"
openssl ecparam -name prime256v1 -out "$work/parameters.pem"
cat "$work/parameters.pem" "$OUT/server-sec1.key" >"$forms/parameters.pem"
openssl ec -in "$OUT/server.key" -aes128 -passout pass:secret -out "$forms/encrypted-sec1.pem" 2>"$work/log"
openssl pkey -in "$OUT/server.key" -pubout -out "$forms/public.pem"

# ---- the broken ones: each has one thing wrong ----

issue expired '/O=barewire test/CN=localhost' server "$expired" ca
issue notyet '/O=barewire test/CN=localhost' server "$notyet" ca
issue client-expired '/O=barewire test/CN=client' client "$expired" ca

names='DNS:wrong.test.com'
issue wrongname '/O=barewire test/CN=localhost' server "$always" ca

issue expired-ca '/O=barewire test/CN=a CA that has expired' root "$expired" expired-ca
names=$here
issue under-expired '/O=barewire test/CN=localhost' server "$always" expired-ca
issue client-under-expired '/O=barewire test/CN=client' client "$always" expired-ca
issue unknown-ca '/O=somebody else/CN=a CA that nobody knows' root "$always" unknown-ca
issue unknownca '/O=somebody else/CN=localhost' server "$always" unknown-ca
issue client-unknown '/O=somebody else/CN=client' client "$always" unknown-ca
issue selfsigned '/O=barewire test/CN=localhost' server "$always" selfsigned

# A peer may write long names: no error repeats them all.
names=DNS:0.many.test.com
for n in $(seq 39); do names="$names, DNS:$n.many.test.com"; done
issue many-names '/O=barewire test/CN=many' server "$always" ca
units=
for n in $(seq 15); do units="$units/OU=a unit whose name is as long as X.520 lets it be, number $n"; done
issue long-name "/O=barewire test$units/CN=client" client "$always" long-name

names=$here
key weak 1024
request weak '/O=barewire test/CN=localhost'
sign weak server "$always" ca

# The book's way, without extensions: X.509 v1, without a subjectAltName. OpenSSL 3.2 and later make
# v3 of that and have to be asked.
issue v1 '/O=barewire test/CN=localhost' none "$always" ca
openssl x509 -in "$OUT/v1.crt" -noout -text | grep -q 'Version: 1 ' ||
    openssl req -x509 -x509v1 -config "$work/ca.cnf" -subj '/O=barewire test/CN=localhost' -days 36500 \
        -CA "$OUT/ca.crt" -CAkey "$OUT/ca.key" -key "$OUT/v1.key" -out "$OUT/v1.crt"

key mismatch
head -c 400 "$OUT/server.crt" >"$OUT/truncated.crt"

rm "$OUT/intermediate.key" "$OUT/unknown-ca.key" "$OUT/expired-ca.key"
chmod 644 "$OUT"/*.crt "$OUT"/*.key

# ---- is each of them what it says? ----

trusted() { # CA LEAF [options]
    ca=$1 leaf=$2
    shift 2
    openssl verify -x509_strict -CAfile "$OUT/$ca.crt" "$@" "$OUT/$leaf.crt" >"$work/log" 2>&1
}

fail() {
    echo "certs: $*" >&2
    cat "$work/log" >&2
    exit 1
}

good() { trusted "$@" || fail "$2 should be trusted"; }

bad() { # WHAT OPENSSL SAYS, then as `trusted`
    reason=$1
    shift
    if trusted "$@"; then fail "$2 should not be trusted"; fi
    grep -q "$reason" "$work/log" || fail "$2 should be refused because: $reason"
}

says() { # NAME TEXT: it stands in what openssl prints
    openssl x509 -in "$OUT/$1.crt" -noout -text >"$work/log"
    grep -q "$2" "$work/log" || fail "$1 should say: $2"
}

good ca ca
for name in server rsa; do
    for host in localhost dev.test.com; do
        good ca $name -purpose sslserver -verify_hostname $host
    done
    for ip in 127.0.0.1 ::1; do good ca $name -purpose sslserver -verify_ip $ip; done
done
good ca client -purpose sslclient
good ca other -purpose sslserver -verify_hostname other.test.com
good ca other -purpose sslserver -verify_hostname a.wild.test.com
good ca chained -purpose sslserver -untrusted "$OUT/intermediate.crt" -verify_hostname localhost
good unknown-ca unknownca -purpose sslserver -verify_hostname localhost
good unknown-ca client-unknown -purpose sslclient
good selfsigned selfsigned -purpose sslserver -verify_hostname localhost

bad 'certificate has expired' ca expired
bad 'certificate has expired' ca client-expired
bad 'certificate is not yet valid' ca notyet
bad 'certificate has expired' expired-ca under-expired
bad 'certificate has expired' expired-ca client-under-expired
bad 'hostname mismatch' ca wrongname -verify_hostname localhost
bad 'unable to get local issuer certificate' ca chained-leaf
bad 'unable to get local issuer certificate' ca unknownca
bad 'unable to get local issuer certificate' ca client-unknown
bad 'self.signed certificate' ca selfsigned
bad 'key too weak\|key too small' ca weak -auth_level 2
says weak '(1024 bit)'
says v1 'Version: 1 '

for name in server rsa client; do
    openssl x509 -in "$OUT/$name.crt" -noout -pubkey >"$work/1"
    openssl pkey -in "$OUT/$name.key" -pubout >"$work/2"
    cmp -s "$work/1" "$work/2" || fail "$name.key should be the key of $name.crt"
done
openssl pkey -in "$OUT/mismatch.key" -pubout >"$work/2"
openssl x509 -in "$OUT/server.crt" -noout -pubkey >"$work/1"
if cmp -s "$work/1" "$work/2"; then fail "mismatch.key should be nobody's"; fi
if openssl x509 -in "$OUT/truncated.crt" -noout 2>"$work/log"; then fail 'truncated.crt should be cut'; fi

# ---- what openssl reads in them, to compare with ----

field() { # the first line that begins with $1, without it
    sed -n "s/^ *$1 *//p" "$work/text" | head -n 1
}

line() { # KEY VALUE, where there is one
    if [ -n "$2" ]; then echo "$1: $2"; fi
}

description() { # NAME
    openssl x509 -in "$OUT/$1.crt" -noout -text \
        -nameopt esc_2253,esc_ctrl,utf8,sep_comma_plus_space,sname >"$work/text"
    echo
    echo "case: $1.crt"
    line version "$(field Version: | cut -d ' ' -f 1)"
    line serial "$(openssl x509 -in "$OUT/$1.crt" -noout -serial | cut -d = -f 2)"
    line issuer "$(field Issuer:)"
    line subject "$(field Subject:)"
    line not_before "$(field 'Not Before:')"
    line not_after "$(field 'Not After :')"
    line bits "$(field 'Public-Key:' | tr -dc 0-9)"
    line curve "$(field 'NIST CURVE:')"
    line names "$(sed -n 's/^ *DNS:/DNS:/p' "$work/text")"
    line ca "$(field CA: | cut -d , -f 1)"
}

{
    echo '# The fields of each certificate here as openssl x509 -text prints them. Made by tests/certs.sh.'
    for crt in "$OUT"/*.crt; do
        name=$(basename "$crt" .crt)
        [ "$name" = truncated ] || description "$name"
    done
} >"$OUT/certificates.txt"

echo "certs: $(find "$OUT" -name '*.crt' | wc -l) certificates in $OUT"
