//! What the default patterns match, and what they do not.
//!
//! The tests check each example, and docs/parameterization.md shows them. `«` and `»` enclose
//! the match where it is not the whole text.

/// Examples for a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examples {
    /// The name of the pattern.
    pub kind: &'static str,
    /// Texts with a match of this kind, even beside the other default patterns.
    pub matching: &'static [&'static str],
    /// Texts in which this pattern does not match, even if it is the only one.
    pub not_matching: &'static [&'static str],
}

/// Examples for each default pattern, in their order.
pub const EXAMPLES: &[Examples] = &[
    Examples {
        kind: "email",
        matching: &[
            "user@example.com",
            "first.last@example.co.uk",
            "user+tag@example.com",
            "user_name@example.org",
            "user-name@sub.example.com",
            "%relay%@example.com",
            "a@b.io",
            "123@example.com",
            "USER@EXAMPLE.COM",
            "sent to «joe@mail.example.com».",
            "<«joe@example.com»>",
            "mailto:«joe@example.com»",
            "from=«joe@example.com», to=x",
            "jürgen@example.com",
            "x@1and1.com",
            "x@a-b-c.museum",
        ],
        not_matching: &[
            "user@",
            "@example.com",
            "user@localhost",
            "user @example.com",
            "user@ example.com",
            "user@.com",
            "user@example",
            "user@example.c",
            "user@-example.com",
            "user@example-.com",
            "user@10.0.0.1",
            "@decorator",
            "user at example.com",
            "a@b@c",
            "user@example.c0m",
            "npm install @scope/package",
        ],
    },
    Examples {
        kind: "url",
        matching: &[
            "http://example.com",
            "https://example.com/",
            "https://example.com/path/to/page.html",
            "https://example.com/search?q=a+b&page=2#top",
            "http://localhost:8000/api",
            "http://10.0.0.1/x",
            "http://[::1]:8080/x",
            "ftp://files.example.com/pub",
            "ws://example.com/socket",
            "wss://example.com/socket",
            "HTTPS://EXAMPLE.COM/A",
            "https://user:secret@example.com/",
            "see «https://example.com/a.b».",
            "(«https://example.com/a»)",
            "GET «https://example.com/a», failed",
            "url: \"«https://example.com/a»\"",
            "https://example.com/%C3%BC/ü",
        ],
        not_matching: &[
            "http://",
            "http:/example.com",
            "http//example.com",
            "://example.com",
            "file:///etc/passwd",
            "mailto:joe@example.com",
            "xhttp://example.com",
            "shttps://example.com",
            "data:text/html,x",
            "http:// example.com",
            "postgres://db/name",
            "redis://cache:6379",
            "example.com/path",
            "//example.com/x",
            "http://...",
            "httpsx://example.com",
        ],
    },
    Examples {
        kind: "hostname",
        matching: &[
            "example.com",
            "www.example.com",
            "a.b.c.example.org",
            "example.co.uk",
            "my-site.net",
            "1and1.de",
            "EXAMPLE.COM",
            "WWW.EXAMPLE.ORG",
            "xn--bcher-kva.de",
            "host «db-1.prod.example.com»: down",
            "connect to «db.example.com»:5432",
            "(«example.com»)",
            "//«example.com»/path",
            "see «example.com».",
            "sentry.io",
            "ingest.us.sentry.io",
        ],
        not_matching: &[
            "example",
            "example.",
            ".com",
            "localhost",
            "Example.com",
            "Example.Com",
            "example.COM",
            "os.path",
            "main.py",
            "foo.rs",
            "java.lang.String",
            "-bad.com",
            "bad-.com",
            "user.id",
            "example.comx",
            "example.com-x",
            "example.com.example",
            "10.0.0.1",
        ],
    },
    Examples {
        kind: "ip",
        matching: &[
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "10.20.30.40",
            "«10.0.0.1»:8080",
            "from «192.168.1.1», port 22",
            "«10.0.0.0»/8",
            "::1",
            "fe80::",
            "fe80::1%eth0",
            "2001:db8::8a2e:370:7334",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "2001:DB8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::192.0.2.33",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:192.0.2.33",
            "[«::»]:80",
            "[«::1»]:80",
        ],
        not_matching: &[
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.400",
            "01.2.3.4",
            "v1.2.3.4",
            "1.2.3.4x",
            "SomeClass::someMethod",
            "Foo::cd",
            "std::vector",
            "abc::def::ghi",
            "::",
            "a :: b",
            "12:34:56",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            "12345::1",
            "deadbeef::1",
        ],
    },
    Examples {
        kind: "traceparent",
        matching: &[
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000001-0000000000000001-01",
            "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-03",
            "00-11111111111111111111111111111111-2222222222222222-0a",
            "traceparent: «00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01»",
            "trace=«00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01»;",
            "(«00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01»)",
            "1-5759e988-bd862e3fe1be46a994272793",
            "1-581cf771-a006649127e371903a2de979",
            "1-00000000-000000000000000000000000",
            "1-ffffffff-ffffffffffffffffffffffff",
            "Root=«1-5759e988-bd862e3fe1be46a994272793»",
            "Root=«1-5759e988-bd862e3fe1be46a994272793»;Sampled=1",
            "X-Amzn-Trace-Id: «1-67891233-abcdef012345678912345678»",
        ],
        not_matching: &[
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-11",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "x00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
            "2-5759e988-bd862e3fe1be46a994272793",
            "1-5759e98-bd862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a99427279",
            "1-5759E988-BD862E3FE1BE46A994272793",
            "1-5759e988bd862e3fe1be46a994272793",
        ],
    },
    Examples {
        kind: "uuid",
        matching: &[
            "7c1811ed-e98f-4c9c-a9f9-58c757ff494f",
            "7C1811ED-E98F-4C9C-A9F9-58C757FF494F",
            "7c1811ed-E98F-4c9c-a9f9-58c757ff494f",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "12345678-1234-1234-1234-123456789012",
            "user «7c1811ed-e98f-4c9c-a9f9-58c757ff494f» not found",
            "{«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»}",
            "urn:uuid:«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»",
            "/users/«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»/",
            "id=«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»",
            "'«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»'",
            "«7c1811ed-e98f-4c9c-a9f9-58c757ff494f».json",
            "«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»:3",
            "job-«7c1811ed-e98f-4c9c-a9f9-58c757ff494f»",
            "«01890a5d-ac96-774b-bcce-b302099a8057», version 7",
        ],
        not_matching: &[
            "7c1811ed-e98f-4c9c-a9f9-58c757ff494",
            "7c1811ed-e98f-4c9c-a9f9-58c757ff494f0",
            "7c1811e-e98f-4c9c-a9f9-58c757ff494f",
            "7c1811ed-e98-4c9c-a9f9-58c757ff494f",
            "7c1811ed-e98f-4c9c-a9f9",
            "7c1811ede98f4c9ca9f958c757ff494f",
            "7c1811ed_e98f_4c9c_a9f9_58c757ff494f",
            "7c1811eg-e98f-4c9c-a9f9-58c757ff494f",
            "x7c1811ed-e98f-4c9c-a9f9-58c757ff494f",
            "7c1811ed-e98f-4c9c-a9f9-58c757ff494fx",
            "_7c1811ed-e98f-4c9c-a9f9-58c757ff494f",
            "7c1811ed-e98f-4c9c-a9f958c757ff494f",
            "7c1811ed e98f 4c9c a9f9 58c757ff494f",
            "7c1811ed--e98f-4c9c-a9f9-58c757ff494f",
            "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
            "7c1811ed–e98f–4c9c–a9f9–58c757ff494f",
        ],
    },
    Examples {
        kind: "sha1",
        matching: &[
            "5fc35719b9cf96ec602dbc748ff31c587a46961d",
            "5FC35719B9CF96EC602DBC748FF31C587A46961D",
            "5fc35719B9CF96ec602dbc748ff31c587a46961d",
            "0000000000000000000000000000000000000000",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "1234567890123456789012345678901234567890",
            "commit «5fc35719b9cf96ec602dbc748ff31c587a46961d»",
            "sha1:«5fc35719b9cf96ec602dbc748ff31c587a46961d»",
            "(«5fc35719b9cf96ec602dbc748ff31c587a46961d»)",
            "/blob/«5fc35719b9cf96ec602dbc748ff31c587a46961d»/x",
            "rev=«5fc35719b9cf96ec602dbc748ff31c587a46961d»",
            "«5fc35719b9cf96ec602dbc748ff31c587a46961d».tar",
            "«5fc35719b9cf96ec602dbc748ff31c587a46961d»..HEAD",
            "\"«5fc35719b9cf96ec602dbc748ff31c587a46961d»\"",
            "v-«5fc35719b9cf96ec602dbc748ff31c587a46961d»",
            "«da39a3ee5e6b4b0d3255bfef95601890afd80709», empty",
        ],
        not_matching: &[
            "5fc35719b9cf96ec602dbc748ff31c587a46961",
            "5fc35719b9cf96ec602dbc748ff31c587a46961d0",
            "5fc35719b9cf96ec602dbc748ff31c587a46961g",
            "x5fc35719b9cf96ec602dbc748ff31c587a46961d",
            "5fc35719b9cf96ec602dbc748ff31c587a46961d_",
            "_5fc35719b9cf96ec602dbc748ff31c587a46961d",
            "0x5fc35719b9cf96ec602dbc748ff31c587a46961d",
            "5fc35719 b9cf96ec602dbc748ff31c587a46961d",
            "5fc35719-b9cf96ec602dbc748ff31c587a46961d",
            "0800fc577294c34e0b28ad2839435945",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "5fc35719",
            "sha1",
            "5fc35719b9cf96ec602d.bc748ff31c587a46961d",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "5fc35719b9cf96ec602dbc748ff31c587a46961dé",
        ],
    },
    Examples {
        kind: "md5",
        matching: &[
            "0800fc577294c34e0b28ad2839435945",
            "0800FC577294C34E0B28AD2839435945",
            "0800fc577294C34E0B28AD2839435945",
            "d41d8cd98f00b204e9800998ecf8427e",
            "00000000000000000000000000000000",
            "ffffffffffffffffffffffffffffffff",
            "12345678901234567890123456789012",
            "hash «0800fc577294c34e0b28ad2839435945» differs",
            "md5:«0800fc577294c34e0b28ad2839435945»",
            "etag=«0800fc577294c34e0b28ad2839435945»",
            "W/\"«0800fc577294c34e0b28ad2839435945»\"",
            "«0800fc577294c34e0b28ad2839435945».css",
            "app-«0800fc577294c34e0b28ad2839435945».js",
            "/cache/«0800fc577294c34e0b28ad2839435945»/",
            "(«0800fc577294c34e0b28ad2839435945»)",
            "«7c1811ede98f4c9ca9f958c757ff494f»: a UUID without dashes",
        ],
        not_matching: &[
            "0800fc577294c34e0b28ad283943594",
            "0800fc577294c34e0b28ad28394359450",
            "0800fc577294c34e0b28ad283943594g",
            "x0800fc577294c34e0b28ad2839435945",
            "0800fc577294c34e0b28ad2839435945x",
            "_0800fc577294c34e0b28ad2839435945",
            "0800fc577294c34e0b28ad2839435945_",
            "0x0800fc577294c34e0b28ad2839435945",
            "0800fc57-7294-c34e-0b28-ad2839435945",
            "0800fc57 7294c34e0b28ad2839435945",
            "5fc35719b9cf96ec602dbc748ff31c587a46961d",
            "0800fc57",
            "md5",
            "0800fc577294c34e.0b28ad2839435945",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "é0800fc577294c34e0b28ad2839435945",
        ],
    },
    Examples {
        kind: "date",
        matching: &[
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "06 Nov 94 08:49 EST",
            "Sun, 6 Nov 1994 08:49:37 +0100",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "2020-01-02",
            "2020-01-02T03:04:05Z",
            "2020-01-02T03:04:05.678901+09:00",
            "2020-01-02 03:04:05,678",
            "2020-01-02 03:04",
            "2020/01/02 03:04:05",
            "20200102T030405Z",
            "20200102",
            "20200102030405",
            "2020-W01-3",
            "Wed Jan 01 2020 00:00:00 GMT+0100 (Central European Standard Time)",
            "Wed Jan 01 2020",
            "Jan 02, 1999",
            "January 2, 1999 at 3:04 PM",
            "2 January 1999",
            "Jan  2 03:04:05",
            "[«02/Jan/1999:03:04:05 +0000»]",
            "15:04",
            "15:04:05.678",
            "3:04 PM",
            "03:04:05am",
            "datetime.datetime(2020, 1, 2, 3, 4)",
            "datetime.datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc)",
            "datetime.datetime(2020, 1, 2, 3, 4, tzinfo=zoneinfo.ZoneInfo(key='UTC'))",
            "datetime.datetime(2020, 1, 2, tzinfo=<UTC>)",
            "at «2020-01-02», it failed",
        ],
        not_matching: &[
            "2020",
            "2020-01",
            "2020-13-01",
            "2020-01-32",
            "2020-1-2",
            "20201302",
            "18000102",
            "2020010",
            "202001021",
            "25:00",
            "12:60",
            "3:04",
            "Jan 2020",
            "January",
            "May 3",
            "Sunday",
            "v2020-01-02",
            "1.2020-01-02",
            "1:15:04",
            "15:04:99",
            "datetime.datetime(2020)",
            "datetime.date",
        ],
    },
    Examples {
        kind: "duration",
        matching: &[
            "15ms",
            "1.5s",
            "0s",
            "100ns",
            "20us",
            "20µs",
            "20μs",
            "3sec",
            "3secs",
            "5min",
            "5mins",
            "2h",
            "2h30m",
            "1h2m3s",
            "2m3.5s",
            "2hrs",
            "took «15ms».",
            "(«0.25ms»)",
            "timeout=«30s»",
            "-«5ms»",
        ],
        not_matching: &[
            "15", "ms", "15 ms", "15msx", "15ms_", "a15ms", "1.2.3s", "15m", "15px", "15kb",
            "15sa", "15S", "15MS", "1,5 s", "s15", "15d",
        ],
    },
    Examples {
        kind: "hex",
        matching: &[
            "0x1",
            "0x1f",
            "0X1F",
            "0xDEADbeef",
            "0x7fff5fbff8a0",
            "deadbee1",
            "DEADBEE1",
            "4b5ff1a2c3",
            "12345678",
            "1234567890",
            "at «0x7fff5fbff8a0»",
            "<object at «0x10f3a2b50»>",
            "color: #«ff00ff00»",
            "id-«9af8c3be3a1231fe»",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "9af8c3be3a1231fe1121acb1",
        ],
        not_matching: &[
            "0x",
            "0xg",
            "x1f",
            "1f",
            "deadbeef",
            "DEADBEEF",
            "1234567",
            "abcdef1",
            "DEADbee1",
            "deadbeg1",
            "a0x1f",
            "0x1g",
            "_deadbee1",
            "deadbee1_",
            "facade",
            "dead-bee1",
        ],
    },
    Examples {
        kind: "git_sha",
        matching: &[
            "commit «a93c7d2»",
            "a93c7d2",
            "0a1b2c3",
            "1234abc",
            "abc1234",
            "abcdef1",
            "1abcdef",
            "123456a",
            "a123456",
            "(«a93c7d2»)",
            "v2-«a93c7d2»",
            "«a93c7d2»..«b93c7d2»",
            "release=«a93c7d2»",
            "'«a93c7d2»'",
            "HEAD is now at «5ed28cd»",
            "g: «f00ba44»",
        ],
        not_matching: &[
            "a93c7d",
            "a93c7d21",
            "A93C7D2",
            "a93C7d2",
            "1234567",
            "abcdefa",
            "defaced",
            "a93c7g2",
            "ga93c7d2",
            "a93c7d2_",
            "_a93c7d2",
            "0xa93c7d2",
            "a93-c7d2",
            "a93.7d2",
            "sha",
            "a93 c7d2",
        ],
    },
    Examples {
        kind: "random_id",
        matching: &[
            "x1y2",
            "1x2y",
            "a1B2c3",
            "G1B2C3D4",
            "tk7Qm3",
            "req_id «Zx81Kq0v»",
            "prefix-«x4k9Qp»",
            "user/«9fKq2LmX7»",
            "u8x16y",
            "xyz123def456",
            "4Xk9z",
            "(«a1b2»)",
            "id=«k3J5h»",
            "h264x265",
            "3fG9hI1",
            "00a00z",
        ],
        not_matching: &[
            "abc",
            "123",
            "abc123",
            "123abc",
            "a1b",
            "1a2",
            "sha256sum",
            "x86",
            "utf8mb",
            "i18n",
            "a1_b2",
            "a1-b2",
            "_a1b2",
            "a1b2_",
            "a1b2é",
            "é1é2",
        ],
    },
    Examples {
        kind: "float",
        matching: &[
            "1.5",
            "0.0",
            "123.456",
            "-1.5",
            "1.5e10",
            "1.5E-10",
            "1e5",
            "2E+3",
            ".5",
            "-.5",
            "x=«-1.5»",
            "(«-1.5»)",
            "a-«1.5»",
            "1-«1.5»",
            "is «1.5».",
            "[«1.5», «2.5»]",
            "«99.9»%",
            "1,«2.5»",
        ],
        not_matching: &[
            "1", "1.", ".", "1.2.3", "v1.5", "1.5x", "1.5_", "a.5", "x.y", "1.x", "e5", "1e",
            "1e5x", "1,5", "1. 5", "10.0.0.1", "_1.5",
        ],
    },
    Examples {
        kind: "int",
        matching: &[
            "0",
            "7",
            "42",
            "1234567",
            "-7",
            "x=«-7»",
            "(«-7»)",
            "a «-7»",
            "foo-«7»",
            "1-«7»",
            "--«7»",
            "#«7»",
            "user «42» of «99»",
            "a[«0»]",
            "file.py:«42»",
            "«7»%",
            "$«7»",
        ],
        not_matching: &[
            "a", "-", "", "a1", "1a", "1_", "_1", "x86", "utf8", "sha256", "1st", "10px", "é1",
            "1é", "²", "one", "٣",
        ],
    },
    Examples {
        kind: "quoted_str",
        matching: &[
            "a=«'x'»",
            "a=«\"x\"»",
            "a=«''»",
            "a=«\"\"»",
            "a=«'x y z'»",
            "a=«\"it's\"»",
            "a=«'say \"x\"'»",
            "name=«'bob'», age=3",
            "f(key=«'v'»)",
            "a=«'x=1'»",
            "a=«'it\\'s'»",
            "a=«\"a \\\" b\"»",
            "=«'x'»",
            "a==«'x'»",
            "a=«'ü'»",
            "<div id=«\"main\"»>",
        ],
        not_matching: &[
            "'x'",
            "\"x\"",
            "a: 'x'",
            "a= 'x'",
            "a='x",
            "a=\"x",
            "a=x'",
            "a='x\"",
            "a=\"x'",
            "a=x",
            "a='x\n'",
            "a=`x`",
            "a=‘x’",
            "a=[ 'x' ]",
            "a='x\\'",
            "=",
        ],
    },
    Examples {
        kind: "bool",
        matching: &[
            "a=«true»",
            "a=«false»",
            "a=«True»",
            "a=«False»",
            "a=«TRUE»",
            "a=«FALSE»",
            "=«true»",
            "a==«true»",
            "a=«true», b=«false»",
            "f(x=«True»)",
            "a=«true».",
            "?debug=«true»&x=y",
            "a=«false»;",
            "[a=«true»]",
            "a!=«true»",
            "<x y=«true»>",
        ],
        not_matching: &[
            "true", "false", "a: true", "a= true", "a=truey", "a=true1", "a=true_", "a=falsey",
            "a=tRUE", "a=yes", "a=no", "a='true'", "a=untrue", "a=t", "is True", "a=trueé",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::super::{default_patterns, Limits, Match, Parameterizer, DEFAULT_PATTERNS};
    use super::*;

    /// Returns the text without marks, and the marked spans.
    fn unmark(marked: &str) -> (String, Vec<(usize, usize)>) {
        let mut text = String::new();
        let mut spans = Vec::new();
        for c in marked.chars() {
            match c {
                '«' => spans.push((text.len(), 0)),
                '»' => spans.last_mut().unwrap().1 = text.len(),
                c => text.push(c),
            }
        }
        if spans.is_empty() {
            spans.push((0, text.len()));
        }
        (text, spans)
    }

    #[test]
    fn each_kind_matches_its_examples() {
        let all = Parameterizer::new(&default_patterns(), None, Limits::default()).unwrap();
        let mut faults = Vec::new();
        for (number, examples) in EXAMPLES.iter().enumerate() {
            assert!(examples.matching.len() >= 15, "{}", examples.kind);
            for marked in examples.matching {
                let (text, spans) = unmark(marked);
                let found = all.find(&text).unwrap();
                for (start, end) in spans {
                    let expected = Match {
                        pattern: number,
                        start,
                        end,
                    };
                    if !found.contains(&expected) {
                        faults.push(format!("{}: {marked:?} {found:?}", examples.kind));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn no_kind_matches_its_other_examples() {
        let mut faults = Vec::new();
        for examples in EXAMPLES {
            assert!(examples.not_matching.len() >= 15, "{}", examples.kind);
            let only = [examples.kind];
            let one = Parameterizer::new(&default_patterns(), Some(&only), Limits::default());
            let one = one.unwrap();
            for text in examples.not_matching {
                let found = one.find(text).unwrap();
                if !found.is_empty() {
                    faults.push(format!("{}: {text:?} {found:?}", examples.kind));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn all_default_patterns_have_examples_and_are_linear() {
        let names: Vec<_> = DEFAULT_PATTERNS.iter().map(|it| it.0).collect();
        let kinds: Vec<_> = EXAMPLES.iter().map(|it| it.kind).collect();
        assert_eq!(names, kinds);
        let all = Parameterizer::new(&default_patterns(), None, Limits::default()).unwrap();
        assert!((0..names.len()).all(|pattern| all.is_linear(pattern)));
    }

    /// Returns the section of docs/parameterization.md.
    fn section() -> String {
        let mut section = String::new();
        for examples in EXAMPLES {
            let mut block = |title: &str, texts: &[&str]| {
                section.push_str(&format!("{title}\n\n```text\n"));
                for text in texts {
                    section.push_str(&text.replace('\n', "\\n"));
                    section.push('\n');
                }
                section.push_str("```\n\n");
            };
            let kind = examples.kind;
            block(&format!("### `{kind}`\n\nMatches:"), examples.matching);
            block("Does not match:", examples.not_matching);
        }
        section
    }

    /// If the examples changed, run the test with OPHIO_WRITE=1: it writes the section.
    #[test]
    fn the_documentation_shows_the_examples() {
        const BEGIN: &str = "<!-- examples: begin -->\n\n";
        const END: &str = "<!-- examples: end -->";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/parameterization.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (found, after) = rest.split_once(END).unwrap();
        let expected = section();
        if found != expected && std::env::var_os("OPHIO_WRITE").is_some() {
            let page = [before, BEGIN, &expected, END, after].concat();
            std::fs::write(path, page).unwrap();
            return;
        }
        assert!(found == expected, "run this test with OPHIO_WRITE=1");
    }
}
