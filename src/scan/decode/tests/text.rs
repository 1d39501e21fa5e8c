//! What the textual decoders find and leave.

use super::*;

#[test]
fn base64_on_one_line() {
    let text = format!("GITHUB_TOKEN={}\n?>~", token());
    for encoded in [
        STANDARD.encode(&text),
        STANDARD_NO_PAD.encode(&text),
        URL_SAFE_NO_PAD.encode(&text),
    ] {
        reveals(&encoded, &["base64"]);
        reveals(&format!("\"{encoded}\""), &["base64"]);
    }
    let encoded = STANDARD_NO_PAD.encode(token());
    let text = format!("x = \"{encoded}\";");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces.len(), 1);
    assert_eq!(decoded.pieces[0].bytes, token().as_bytes());
    assert_eq!(decoded.pieces[0].span, 5..5 + encoded.len());
    // A path and a dashed name around it.
    let text = format!("/v1/objects/{encoded}/raw");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, token().as_bytes());
    assert_eq!(decoded.pieces[0].span, 12..12 + encoded.len());
}

#[test]
fn base64_over_lines() {
    let text = format!(
        "{}\nuser = admin\ntoken = {}\n",
        "filler ".repeat(20),
        token()
    );
    let encoded = STANDARD.encode(text);
    for width in [60, 64, 70, 76] {
        for end in ["\n", "\r\n", "\n    ", "\n# ", "\\n", "\\r\\n"] {
            reveals(&lines(&encoded, width, end), &["base64"]);
        }
    }
    // What follows the last line is no part of it.
    let one = STANDARD.encode([token(), token()].concat());
    let decoded = decode(
        format!("{one}\nnext_key: 1").as_bytes(),
        b"",
        &mut Budget::default(),
    );
    assert_eq!(decoded.pieces[0].span, 0..one.len());
}

#[test]
fn private_keys_in_der_are_kept_and_certificates_dropped() {
    let mut noise = Noise(3);
    let sequence = |body: &[&[u8]]| {
        let body = body.concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82][..], &length, &body].concat()
    };
    let key = sequence(&[&[2, 1, 0], &noise.bytes(600)]);
    let certificate = sequence(&[&[0x30, 0x82, 1, 0], &noise.bytes(600)]);
    for encoded in [
        lines(&STANDARD.encode(&key), 64, "\n"),
        STANDARD.encode(&key),
        hex_of(&key),
    ] {
        let decoded = decode(encoded.as_bytes(), b"", &mut Budget::default());
        assert!(decoded.pieces.iter().any(|piece| piece.bytes == key));
    }
    let decoded = decode(
        lines(&STANDARD.encode(certificate), 64, "\n").as_bytes(),
        b"",
        &mut Budget::default(),
    );
    assert_eq!(decoded.pieces.len(), 0);
}

#[test]
fn hex_digits() {
    reveals(&hex_of(token().as_bytes()), &["hex"]);
    reveals(&hex_of(token().as_bytes()).to_uppercase(), &["hex"]);
    reveals(&format!("0x{}", hex_of(token().as_bytes())), &["hex"]);
    reveals(
        &lines(
            &hex_of(format!("a token: {}", token()).as_bytes()),
            60,
            "\n",
        ),
        &["hex"],
    );
}

#[test]
fn percent_escapes_and_references() {
    let each = |f: fn(u8) -> String| token().bytes().map(f).collect::<String>();
    reveals(&token().replace('_', "%5F"), &["percent"]);
    reveals(&token().replace('_', "%5f"), &["percent"]);
    reveals(&token().replace('_', "%255F"), &["percent", "percent"]);
    reveals(&each(|b| format!("%{b:02X}")), &["percent"]);
    reveals(
        &format!(
            "https://example.com/?q=a%20b&t={}&x=%C3%A9",
            token().replace('_', "%5F")
        ),
        &["percent"],
    );
    reveals(&each(|b| format!("\\x{b:02x}")), &["escape"]);
    reveals(&each(|b| format!("\\u{b:04x}")), &["escape"]);
    reveals(&each(|b| format!("\\u{{{b:x}}}")), &["escape"]);
    reveals(&each(|b| format!("\\U{b:08x}")), &["escape"]);
    reveals(&each(|b| format!("\\{b:03o}")), &["escape"]);
    reveals(&token().replace('_', "\\u005f"), &["escape"]);
    reveals(&token().replace('_', "&lowbar;"), &["html"]);
    reveals(&each(|b| format!("&#{b};")), &["html"]);
    reveals(&each(|b| format!("&#x{b:x};")), &["html"]);
    let text = format!("\"https:\\/\\/me:{}@example.com\"", "hunter");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, b"https://me:hunter@example.com");
    assert_eq!(decoded.pieces[0].span, 1..text.len() - 1);
    // The letter of an escape hides where the token behind it begins.
    let text = format!("\"a\\n{}\"", token());
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(
        decoded.pieces[0].bytes,
        format!("a\n{}", token()).as_bytes()
    );
    assert_eq!(decoded.pieces[0].span, 1..text.len() - 1);
}

#[test]
fn joined_strings() {
    let token = token();
    let (a, rest) = token.split_at(9);
    let (b, c) = rest.split_at(13);
    for encoded in [
        format!("\"{a}\" + \"{b}\" + \"{c}\""),
        format!("\"{a}\"+\"{b}{c}\""),
        format!("'{a}' . '{b}'\n    . '{c}'"),
        format!("\"{a}\" \"{b}\"\n  \"{c}\""),
        format!("\"{a}\" +\n\t\"{b}{c}\""),
        format!("\"{a}\" \\\n \"{b}{c}\""),
        format!("`{a}` + `{b}{c}`"),
        format!("\"{a}\"'{b}{c}'"),
        format!("'{a}' || '{b}{c}'"),
        format!("\"{a}\" .. \"{b}{c}\""),
        format!("(\"{a}\") + (\"{b}{c}\")"),
        format!("b\"{a}\" rb\"\" b\"{b}{c}\"").replace("rb\"\" ", ""),
        format!("{a}\\\n{b}{c}"),
        format!("{a}\\\r\n    {b}\\\r\n    {c}"),
    ] {
        reveals(&encoded, &["joined"]);
    }
    let text = format!("f(); api_key = \"{a}\" + \"{b}{c}\";");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(
        decoded.pieces[0].bytes,
        format!("api_key = \"{token}\"").as_bytes()
    );
    assert_eq!(decoded.pieces[0].span, 15..text.len() - 1);
    let text = format!("export KEY=\"{a}\\\n{b}{c}\" # it");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, format!("KEY=\"{token}").as_bytes());
    assert_eq!(&text.as_bytes()[decoded.pieces[0].span.end..], b"\" # it");
}

#[test]
fn near_misses_yield_nothing() {
    let mut noise = Noise(11);
    let digests: Vec<String> = (0..200)
        .map(|_| hex_of(&noise.bytes(20 + noise.0 as usize % 3 * 6)))
        .collect();
    yields_nothing(&digests.join("\n"));
    let keys: Vec<String> = (0..200).map(|_| STANDARD.encode(noise.bytes(48))).collect();
    yields_nothing(&keys.join("\n\n"));
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &noise.bytes(900)].concat();
    yields_nothing(&format!(
        "url(data:image/png;base64,{})",
        STANDARD.encode(png)
    ));
    for text in [
        "width: 100%; margin: 50% 20px",
        "printf(\"%d %s %5.2f %%\", a, b)",
        "getElementsByTagNameAndClassNameAndAttribute",
        "src/main/java/org/example/application/configuration",
        "[\"a long string here\", \"and another one\"]",
        "f(\"first argument\", 'second argument')",
        "docker run \\\n  --rm \\\n  image",
        "fish &amp; chips &lt;b&gt; &quot;x&quot; a && b; c",
        "C:\\users\\new\\table \"line\\n\", r'\\d+\\s*\\w'",
        "\\\\x41\\\\x42",
        "\"\u{e9}\\u00e9\\u4e2d tail\"",
        "x^2 + y^2",
        "BZh9 is a magic, \"PK\" too",
        "&nosuchname; &#xZZ; &#; %zz \\u12 \\u{} \\u{110000000}",
    ] {
        yields_nothing(text);
    }
}

#[test]
fn lists_of_bytes() {
    let token = token();
    let written = |each: &dyn Fn(u8) -> String, between: &str| -> String {
        let numbers: Vec<String> = token.bytes().map(each).collect();
        numbers.join(between)
    };
    let hex = written(&|byte| format!("0x{byte:02x}"), ", ");
    let short = written(&|byte| format!("{byte:#X}u"), ",\n    ").replace("0X", "0x");
    let decimal = written(&|byte| byte.to_string(), ",");
    for text in [
        format!("char api_key[] = {{ {hex} }};"),
        format!("var api_key = []byte{{\n\t{hex},\n}}"),
        format!("static const uint8_t api_key[41] = {{{hex}, 0x00}};"),
        format!("api_key: [{short}]"),
        format!("api_key = String.fromCharCode({decimal})"),
        format!("api_key = bytes([{decimal}])"),
    ] {
        let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
        let want = format!("api_key = \"{token}\"");
        let found = decoded.pieces.iter().any(|piece| {
            let bare = piece.bytes == token.as_bytes();
            (bare || piece.bytes == want.as_bytes()) && piece.how == "array"
        });
        assert!(found, "{text}");
    }
    let characters = written(&|byte| format!("'{}'", char::from(byte)), ", ");
    let list = format!("char key[] = {{{characters}}};");
    let decoded = decode(list.as_bytes(), b"", &mut Budget::default());
    let quoted = format!("'{token}'");
    assert_eq!(decoded.pieces[0].bytes, quoted.as_bytes());
    for text in [
        "int table[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};",
        "x = {0x61, 0x62, 0x63}",
        "x = {0x6162, 0x6364, 0x6162, 0x6364, 0x6162, 0x6364, 0x6162, 0x6364}",
        "list = [\"alpha\", \"beta\", \"gamma\", \"delta\"]",
    ] {
        let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
        assert!(decoded.pieces.is_empty(), "{text}: {decoded:?}");
    }
}

#[test]
fn the_runs_of_a_document_are_one_text() {
    let token = token();
    let (one, two) = token.split_at(15);
    let text = format!(
        "<?xml version=\"1.0\"?><w:p><w:r><w:t>{one}</w:t></w:r><w:r><w:rPr/><w:t>{two}</w:t></w:r></w:p><w:p><w:t>next</w:t></w:p>"
    );
    let inside = |path: &[u8]| decode(text.as_bytes(), path, &mut Budget::default()).pieces;
    let pieces = inside(b"word/document.xml");
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].bytes, format!("{token}\nnext\n").as_bytes());
    assert!(inside(b"pom.xml").is_empty());
}
