"""Requests that are malformed, ambiguous or just unusual, each with the only right outcome.

OK means answered 200 with the connection left in step, so that the canary sent behind it is
answered too. A number means that one answer of that status and the end of the connection are all
that may come: whatever follows such bytes must never be read as a request. CUT is a body whose
sender stops sending: a 400 that says so, and nothing else.
"""

OK = 200
CUT = "cut"

HOST = "Host: localhost\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
END = "0\r\n\r\n"


def request(fields="", body="", line="GET /livez HTTP/1.1", host=HOST):
    return (line + "\r\n" + host + fields + "\r\n" + body).encode("latin-1")


def chunked(body, fields=""):
    return request(fields + CHUNKED, body)


def request_lines():
    for name, line, status in [
        ("plain", "GET /livez HTTP/1.1", OK),
        ("query", "GET /livez?a=b&c=%20 HTTP/1.1", OK),
        ("absolute form", "GET http://localhost/livez HTTP/1.1", OK),
        ("absolute form, https", "GET https://localhost/livez HTTP/1.1", OK),
        ("absolute form, case of scheme and host", "GET HTTP://LOCALHOST/livez HTTP/1.1", OK),
        ("asterisk with OPTIONS", "OPTIONS * HTTP/1.1", 204),
        ("asterisk with GET", "GET * HTTP/1.1", 400),
        ("asterisk and more", "OPTIONS *x HTTP/1.1", 400),
        ("authority form", "GET localhost:80 HTTP/1.1", 400),
        ("CONNECT", "CONNECT localhost:80 HTTP/1.1", 501),
        ("CONNECT with origin form", "CONNECT /livez HTTP/1.1", 501),
        ("relative target", "GET livez HTTP/1.1", 400),
        ("no target", "GET HTTP/1.1", 400),
        ("empty target", "GET  HTTP/1.1", 400),
        ("two spaces before the target", "GET  /livez HTTP/1.1", 400),
        ("two spaces before the version", "GET /livez  HTTP/1.1", 400),
        ("space at the end", "GET /livez HTTP/1.1 ", 400),
        ("space at the start", " GET /livez HTTP/1.1", 400),
        ("tab instead of the first space", "GET\t/livez HTTP/1.1", 400),
        ("tab instead of the second space", "GET /livez\tHTTP/1.1", 400),
        ("form feed as separator", "GET\f/livez\fHTTP/1.1", 400),
        ("vertical tab as separator", "GET\v/livez\vHTTP/1.1", 400),
        ("space in the target", "GET /li vez HTTP/1.1", 400),
        ("tab in the target", "GET /li\tvez HTTP/1.1", 400),
        ("NUL in the target", "GET /livez\0 HTTP/1.1", 400),
        ("DEL in the target", "GET /livez\x7f HTTP/1.1", 400),
        ("control character in the target", "GET /livez\x01 HTTP/1.1", 400),
        ("byte over 127 in the target", "GET /livez\xe9 HTTP/1.1", 400),
        ("fragment", "GET /livez#x HTTP/1.1", 400),
        ("CR in the target", "GET /li\rvez HTTP/1.1", 400),
        ("no version", "GET /livez", 400),
        ("HTTP/0.9", "GET /livez HTTP/0.9", 505),
        ("HTTP/1.2", "GET /livez HTTP/1.2", 505),
        ("HTTP/2.0", "GET /livez HTTP/2.0", 505),
        ("HTTP/9.9", "GET /livez HTTP/9.9", 505),
        ("HTTP/1", "GET /livez HTTP/1", 400),
        ("HTTP/1.", "GET /livez HTTP/1.", 400),
        ("HTTP/.1", "GET /livez HTTP/.1", 400),
        ("HTTP/1.10", "GET /livez HTTP/1.10", 400),
        ("HTTP/01.1", "GET /livez HTTP/01.1", 400),
        ("HTTP/1.01", "GET /livez HTTP/1.01", 400),
        ("HTTP/1,1", "GET /livez HTTP/1,1", 400),
        ("HTTP 1.1", "GET /livez HTTP 1.1", 400),
        ("http/1.1", "GET /livez http/1.1", 400),
        ("HTTPS/1.1", "GET /livez HTTPS/1.1", 400),
        ("ICY/1.1", "GET /livez ICY/1.1", 400),
        ("HTTP/-1.1", "GET /livez HTTP/-1.1", 400),
        ("HTTP/1.x", "GET /livez HTTP/1.x", 400),
        ("digits of another script", "GET /livez HTTP/1.\xb9", 400),
        ("no method", "/livez HTTP/1.1", 400),
        ("empty method", " /livez HTTP/1.1", 400),
        ("unknown method", "BREW /livez HTTP/1.1", 501),
        ("lower-case method", "get /livez HTTP/1.1", 501),
        ("mixed-case method", "Get /livez HTTP/1.1", 501),
        ("method with more behind it", "GETT /livez HTTP/1.1", 501),
        ("PRI of HTTP/2", "PRI * HTTP/2.0", 505),
        ("method with a parenthesis", "G(T /livez HTTP/1.1", 400),
        ("method with a colon", "GET: /livez HTTP/1.1", 400),
        ("method with NUL", "GE\0T /livez HTTP/1.1", 400),
        ("method with a byte over 127", "G\xc9T /livez HTTP/1.1", 400),
        ("very long method", "G" * 9000 + " /livez HTTP/1.1", 414),
        ("absolute form, other host", "GET http://evil.example/livez HTTP/1.1", 400),
        ("absolute form, other port", "GET http://localhost:81/livez HTTP/1.1", 400),
        ("absolute form, user", "GET http://user@localhost/livez HTTP/1.1", 400),
        ("absolute form, no host", "GET http:///livez HTTP/1.1", 400),
        ("absolute form, other scheme", "GET ftp://localhost/livez HTTP/1.1", 400),
        ("absolute form, one slash", "GET http:/localhost/livez HTTP/1.1", 400),
        ("javascript", "GET javascript:alert(1) HTTP/1.1", 400),
    ]:
        yield "request line: " + name, request(line=line), status
    for name, line, status in [
        ("8191 bytes", "GET /livez?" + "x" * 8184 + " HTTP/1.1", OK),
        ("8192 bytes", "GET /livez?" + "x" * 8185 + " HTTP/1.1", OK),
        ("8193 bytes", "GET /livez?" + "x" * 8186 + " HTTP/1.1", 414),
        ("15000 bytes", "GET /" + "x" * 15000 + " HTTP/1.1", 414),
        ("30000 bytes", "GET /" + "x" * 30000 + " HTTP/1.1", 414),
    ]:
        yield "target of " + name, request(line=line), status


def line_ends():
    for name, data, status in [
        ("an empty line before", b"\r\n" + request(), OK),
        ("two empty lines before", b"\r\n\r\n" + request(), 400),
        ("a bare LF before", b"\n" + request(), 400),
        ("a bare CR before", b"\r" + request(), 400),
        ("NUL before", b"\0" + request(), 400),
        ("a byte order mark before", b"\xef\xbb\xbf" + request(), 400),
        ("LF behind the request line", b"GET /livez HTTP/1.1\nHost: localhost\r\n\r\n", 400),
        ("CR behind the request line", b"GET /livez HTTP/1.1\rHost: localhost\r\n\r\n", 400),
        ("CR CR LF behind the request line", b"GET /livez HTTP/1.1\r\r\nHost: localhost\r\n\r\n",
         400),
        ("LF behind a field", b"GET /livez HTTP/1.1\r\nHost: localhost\n\r\n", 400),
        ("LF as the empty line", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\n", 400),
        ("LF everywhere", b"GET /livez HTTP/1.1\nHost: localhost\n\n", 400),
        ("CR CR LF behind a field", b"GET /livez HTTP/1.1\r\nHost: localhost\r\r\n\r\n", 400),
        ("LF CR", b"GET /livez HTTP/1.1\n\rHost: localhost\n\r\n\r", 400),
        ("a line of one space", request(" \r\n"), 400),
        ("TLS instead of HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 20, 400),
        ("a PROXY line", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + request(), 400),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("an SMTP greeting", b"HELO localhost\r\n", 400),
    ]:  # fmt: skip
        yield "line ends: " + name, data, status


def fields():
    for name, lines, status in [
        ("folded with a space", "X: a\r\n b\r\n", 400),
        ("folded with a tab", "X: a\r\n\tb\r\n", 400),
        ("folded framing", "Content-Length:\r\n 5\r\n", 400),
        ("folded coding", "Transfer-Encoding:\r\n chunked\r\n", "4xx"),
        ("folded to nothing", "X: a\r\n \r\n", 400),
        ("space before the colon", "X : a\r\n", 400),
        ("tab before the colon", "X\t: a\r\n", 400),
        ("space before the colon of a length", "Content-Length : 5\r\n", 400),
        ("space before the colon of a coding", "Transfer-Encoding : chunked\r\n", 400),
        ("no colon", "X\r\n", 400),
        ("no name", ": a\r\n", 400),
        ("space in the name", "X Y: a\r\n", 400),
        ("NUL in the name", "X\0Y: a\r\n", 400),
        ("byte over 127 in the name", "X\xe9: a\r\n", 400),
        ("quote in the name", 'X"Y: a\r\n', 400),
        ("slash in the name", "X/Y: a\r\n", 400),
        ("parenthesis in the name", "X(Y): a\r\n", 400),
        ("at sign in the name", "X@Y: a\r\n", 400),
        ("CR in the name", "X\rY: a\r\n", 400),
        ("DEL in the name", "X\x7fY: a\r\n", 400),
        ("NUL in a value", "X: a\0b\r\n", 400),
        ("CR in a value", "X: a\rb\r\n", 400),
        ("CR at the end of a value", "X: a\r\r\n", 400),
        ("LF in a value", "X: a\nY: b\r\n", 400),
        ("DEL in a value", "X: a\x7f\r\n", 400),
        ("vertical tab in a value", "X: a\vb\r\n", 400),
        ("form feed in a value", "X: a\fb\r\n", 400),
        ("escape in a value", "X: \x1b[0m\r\n", 400),
        ("backspace in a value", "X: a\bb\r\n", 400),
        ("tab in a value", "X: a\tb\r\n", OK),
        ("bytes over 127 in a value", "X: \xff\x80\r\n", OK),
        ("empty value", "X:\r\n", OK),
        ("spaces around a value", "X:   a   \r\n", OK),
        ("every character of a name", "!#$%&'*+-.^_`|~09azAZ: a\r\n", OK),
        ("content_length", "Content_Length: 5\r\n", 400),
        ("transfer_encoding", "Transfer_Encoding: chunked\r\n", 400),
        ("host with underscore is another name", "X_Host: a\r\n", OK),
        ("unknown expectation", "Expect: cake\r\n", 417),
        ("two expectations", "Expect: 100-continue, cake\r\n", 417),
        ("expectation without a body", "Expect: 100-continue\r\n", OK),
        ("two Expect fields", "Expect: 100-continue\r\nexpect: 100-continue\r\n", 400),
        ("two Authorization fields", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
        ("two Content-Type fields", "Content-Type: a/b\r\nContent-Type: a/b\r\n", 400),
        ("99 fields", "X: y\r\n" * 98, OK),
        ("100 fields", "X: y\r\n" * 99, OK),
        ("101 fields", "X: y\r\n" * 100, 431),
        ("1000 short fields", "a:\r\n" * 1000, 431),
        ("upgrade to h2c is left alone", "Connection: Upgrade\r\nUpgrade: h2c\r\n", OK),
        ("upgrade to websocket is left alone", "Connection: Upgrade\r\nUpgrade: websocket\r\n", OK),
    ]:
        yield "field: " + name, request(lines), status
    room = 16384 - len(request("X: \r\n"))
    for over in (-1, 0, 1):
        status = OK if over <= 0 else 431
        yield f"head at its limit {over:+}", request("X: " + "x" * (room + over) + "\r\n"), status
    yield "a field of 40000 bytes", request("X: " + "x" * 40000 + "\r\n"), 431


def hosts():
    for name, host, status in [
        ("missing", "", 400),
        ("twice the same", HOST + HOST, 400),
        ("twice", HOST + "Host: evil.example\r\n", 400),
        ("twice in another case", HOST + "HOST: localhost\r\n", 400),
        ("empty", "Host:\r\n", 400),
        ("a list", "Host: localhost, evil.example\r\n", 400),
        ("two words", "Host: localhost evil\r\n", 400),
        ("user", "Host: user@localhost\r\n", 400),
        ("path", "Host: localhost/livez\r\n", 400),
        ("query", "Host: localhost?x\r\n", 400),
        ("fragment", "Host: localhost#x\r\n", 400),
        ("backslash", "Host: localhost\\x\r\n", 400),
        ("scheme", "Host: http://localhost\r\n", 400),
        ("percent", "Host: localhost%00\r\n", 400),
        ("port that is no number", "Host: localhost:x\r\n", 400),
        ("empty port", "Host: localhost:\r\n", 400),
        ("port too large", "Host: localhost:65536\r\n", 400),
        ("two ports", "Host: localhost:80:80\r\n", 400),
        ("negative port", "Host: localhost:-1\r\n", 400),
        ("unclosed bracket", "Host: [::1\r\n", 400),
        ("bracket with a name", "Host: [localhost]\r\n", 400),
        ("bare IPv6", "Host: ::1\r\n", 400),
        ("more behind the bracket", "Host: [::1]x\r\n", 400),
        ("zone", "Host: [fe80::1%eth0]\r\n", 400),
        ("byte over 127", "Host: localhost\xe9\r\n", 400),
        ("NUL", "Host: local\0host\r\n", 400),
        ("folded", "Host: local\r\n host\r\n", 400),
        ("space before the colon", "Host : localhost\r\n", 400),
        ("256 characters", "Host: " + "a" * 256 + "\r\n", 400),
        ("somebody else", "Host: evil.example\r\n", "refused"),
        ("port", "Host: localhost:8099\r\n", OK),
        ("case", "Host: LocalHost\r\n", OK),
        ("literal address", "Host: 127.0.0.1\r\n", OK),
        ("literal address and port", "Host: 127.0.0.1:80\r\n", OK),
        ("IPv6", "Host: [::1]\r\n", OK),
        ("IPv6 and port", "Host: [::1]:80\r\n", OK),
        ("spaces around", "Host:   localhost   \r\n", OK),
    ]:
        yield "Host: " + name, request(host=host), status
    yield "Host missing in HTTP/1.0", b"GET /livez HTTP/1.0\r\n\r\n", "closed"
    yield "keep-alive of HTTP/1.0", (
        b"GET /livez HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    ), "closed"


def lengths():
    hello = "hello"
    for name, value, body, status in [
        ("5", " 5", hello, OK),
        ("0", " 0", "", OK),
        ("leading zeros", " 0005", hello, OK),
        ("19 digits", " 0000000000000000005", hello, OK),
        ("20 digits", " 00000000000000000005", hello, 400),
        ("over 64 bits", " 18446744073709551621", hello, 400),
        ("plus", " +5", hello, 400),
        ("minus", " -5", hello, 400),
        ("minus zero", " -0", "", 400),
        ("hexadecimal", " 0x5", hello, 400),
        ("exponent", " 5e0", hello, 400),
        ("fraction", " 5.0", hello, 400),
        ("empty", "", "", 400),
        ("blank", "   ", "", 400),
        ("two words", " 5 5", hello, 400),
        ("the same twice", " 5, 5", hello, 400),
        ("two values", " 5, 6", hello, 400),
        ("comma", " 5,", hello, 400),
        ("semicolon", " 5;", hello, 400),
        ("a letter behind", " 5a", hello, 400),
        ("quoted", ' "5"', hello, 400),
        ("vertical tab", " \v5", hello, 400),
        ("NUL behind", " 5\0", hello, 400),
        ("digit of another script", " \xb2", "he", 400),
        ("underscore", " 1_0", "helloworld", 400),
        ("over the limit", " 10485761", "", 413),
        ("a gigabyte", " 1073741824", "", 413),
        ("all 19 digits", " 9999999999999999999", "", 413),
    ]:
        yield "Content-Length: " + name, request(f"Content-Length:{value}\r\n", body), status
    for name, lines in [
        ("twice the same", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("twice", "Content-Length: 5\r\nContent-Length: 0\r\n"),
        ("twice with others between", "Content-Length: 5\r\nX: y\r\nContent-Length: 6\r\n"),
        ("twice in another case", "Content-Length: 5\r\ncontent-length: 5\r\n"),
    ]:
        yield "Content-Length " + name, request(lines, hello), 400
    yield "a body cut short", request("Content-Length: 500\r\n", hello), CUT


def codings():
    for name, value, status in [
        ("chunked", " chunked", OK),
        ("case", " ChUnKeD", OK),
        ("spaces around", " \t chunked \t", OK),
        ("no space", "chunked", OK),
        ("twice in one", " chunked, chunked", 501),
        ("gzip first", " gzip, chunked", 501),
        ("gzip last", " chunked, gzip", 501),
        ("gzip", " gzip", 501),
        ("deflate", " deflate", 501),
        ("identity", " identity", 501),
        ("identity first", " identity, chunked", 501),
        ("xchunked", " xchunked", 501),
        ("chunkedx", " chunkedx", 501),
        ("x-chunked", " x-chunked", 501),
        ("quoted", ' "chunked"', 501),
        ("half quoted", ' "chunked', 501),
        ("parameter", " chunked;q=1", 501),
        ("semicolon", " chunked;", 501),
        ("comma behind", " chunked,", 501),
        ("comma before", " ,chunked", 501),
        ("empty", "", 501),
        ("blank", "   ", 501),
        ("vertical tab", " \vchunked", 400),
        ("form feed", " \fchunked", 400),
        ("NUL", " chunked\0", 400),
        ("CR", " chun\rked", 400),
        ("no-break space", " \xa0chunked", 501),
        ("two words", " chunked chunked", 501),
        ("colon", " :chunked", 501),
        ("long s", " chunked\xc5\xbf", 501),
    ]:
        yield "Transfer-Encoding: " + name, request(f"Transfer-Encoding:{value}\r\n", END), status
    for name, lines in [
        ("twice", CHUNKED + CHUNKED),
        ("twice with identity", "Transfer-Encoding: identity\r\n" + CHUNKED),
        ("twice with gzip behind", CHUNKED + "Transfer-Encoding: gzip\r\n"),
        ("behind a length", "Content-Length: 5\r\n" + CHUNKED),
        ("before a length", CHUNKED + "Content-Length: 5\r\n"),
        ("beside a length of zero", CHUNKED + "Content-Length: 0\r\n"),
        ("beside a bad length", CHUNKED + "Content-Length: x\r\n"),
    ]:
        yield "Transfer-Encoding " + name, request(lines, END), "4xx"
    for name, lines in [
        ("in HTTP/1.0", CHUNKED),
        ("in HTTP/1.0 beside a length", CHUNKED + "Content-Length: 5\r\n"),
    ]:
        yield "Transfer-Encoding " + name, request(lines, END, "GET /livez HTTP/1.0"), 400
    yield "gzip beside a length", request(
        "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"
    ), "4xx"


def chunks():
    for name, body, status in [
        ("one", "5\r\nhello\r\n" + END, OK),
        ("two", "2\r\nhe\r\n3\r\nllo\r\n" + END, OK),
        ("none", END, OK),
        ("hexadecimal, both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n" + END, OK),
        ("16 digits", "0000000000000005\r\nhello\r\n" + END, OK),
        ("17 digits", "00000000000000005\r\nhello\r\n" + END, 400),
        ("many zeros at the end", "0" * 16 + "\r\n\r\n", OK),
        ("too many zeros at the end", "0" * 17 + "\r\n\r\n", 400),
        ("extension", "5;a=b\r\nhello\r\n" + END, OK),
        ("extension at the end", "0;a=b\r\n\r\n", OK),
        ("quoted extension", '5;a="b c"\r\nhello\r\n' + END, OK),
        ("extension of 254 bytes", "5;" + "a" * 252 + "\r\nhello\r\n" + END, OK),
        ("extension of 300 bytes", "5;" + "a" * 300 + "\r\nhello\r\n" + END, 400),
        ("extensions of 5000 bytes together", ("1;" + "a" * 240 + "\r\nx\r\n") * 21 + END, 400),
        ("LF in an extension", "5;a\nb\r\nhello\r\n" + END, 400),
        ("CR in an extension", "5;a\rb\r\nhello\r\n" + END, 400),
        ("NUL in an extension", "5;a\0\r\nhello\r\n" + END, 400),
        ("space before the size", " 5\r\nhello\r\n" + END, 400),
        ("space behind the size", "5 \r\nhello\r\n" + END, 400),
        ("tab behind the size", "5\t\r\nhello\r\n" + END, 400),
        ("plus", "+5\r\nhello\r\n" + END, 400),
        ("minus", "-5\r\nhello\r\n" + END, 400),
        ("0x", "0x5\r\nhello\r\n" + END, 400),
        ("not hexadecimal", "g\r\n" + END, 400),
        ("empty size", "\r\nhello\r\n" + END, 400),
        ("only an extension", ";a\r\nhello\r\n" + END, 400),
        ("comma", "5,5\r\nhello\r\n" + END, 400),
        ("underscore", "1_0\r\n0123456789abcdef\r\n" + END, 400),
        ("LF behind the size", "5\nhello\r\n" + END, 400),
        ("CR behind the size", "5\rhello\r\n" + END, 400),
        ("CR CR LF behind the size", "5\r\r\nhello\r\n" + END, 400),
        ("LF behind the data", "5\r\nhello\n" + END, 400),
        ("CR behind the data", "5\r\nhello\r" + END, 400),
        ("nothing behind the data", "5\r\nhello" + END, 400),
        ("data longer than its size", "3\r\nhello\r\n" + END, 400),
        ("data shorter than its size", "7\r\nhello\r\n" + END, 400),
        ("LF at the end", "0\n\n", 400),
        ("LF as the last line", "0\r\n\n", 400),
        ("over 64 bits", "ffffffffffffffff1\r\nhello\r\n" + END, 400),
        ("all of 64 bits", "ffffffffffffffff\r\nhello\r\n" + END, 413),
        ("over the limit", "a00001\r\nhello\r\n" + END, 413),
        ("over the limit together", "5\r\nhello\r\n9ffffc\r\nhello\r\n" + END, 413),
        ("sign bit", "8000000000000000\r\nhello\r\n" + END, 413),
        ("20000 of one byte", "1\r\nx\r\n" * 20000 + END, 400),
        ("no end", "5\r\nhello\r\n1f4\r\n", CUT),
    ]:
        yield "chunks: " + name, chunked(body), status
    for name, lines, status in [
        ("Host", "Host: evil.example\r\n", OK),
        ("Authorization", "Authorization: Bearer x\r\n", OK),
        ("Content-Length", "Content-Length: 5\r\n", OK),
        ("Transfer-Encoding", CHUNKED, OK),
        ("X-Forwarded-For", "X-Forwarded-For: 192.0.2.1\r\n", OK),
        ("4000 bytes", "X: " + "x" * 4000 + "\r\n", OK),
        ("5000 bytes", "X: " + "x" * 5000 + "\r\n", 400),
        ("200000 bytes", "X: y\r\n" * 34000, 400),
        ("no colon", "X\r\n", 400),
        ("no name", ": x\r\n", 400),
        ("folded", "X: y\r\n z\r\n", 400),
        ("space before the colon", "X : y\r\n", 400),
        ("LF", "X: y\n", 400),
        ("CR", "X: y\rz\r\n", 400),
        ("NUL", "X: \0\r\n", 400),
        ("a request", "GET /livez HTTP/1.1\r\n", 400),
    ]:
        yield "trailer: " + name, chunked("0\r\n" + lines + "\r\n"), status


VECTORS = [
    vector
    for table in (request_lines, line_ends, fields, hosts, lengths, codings, chunks)
    for vector in table()
]
