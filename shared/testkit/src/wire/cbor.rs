//! CBOR (RFC 8949), as far as calls and answers need it, to and from JSON.

use serde_json::{Map, Number, Value};

/// Writes a value. A number under a key that ends with `Timestamp` is a moment, in
/// seconds since 1970.
pub(super) fn written(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(is_true) => out.push(if *is_true { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => {
                out.push(0x1b);
                out.extend(whole.to_be_bytes());
            }
            None => float(number, out),
        },
        Value::String(text) => {
            head(3, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Array(values) => {
            head(4, values.len(), out);
            for value in values {
                write(value, out);
            }
        }
        Value::Object(fields) => {
            head(5, fields.len(), out);
            for (name, value) in fields {
                write(&Value::from(name.as_str()), out);
                match value {
                    Value::Number(seconds) if name.ends_with("Timestamp") => {
                        out.push(0xc1);
                        float(seconds, out);
                    }
                    value => write(value, out),
                }
            }
        }
    }
}

fn float(number: &Number, out: &mut Vec<u8>) {
    out.push(0xfb);
    out.extend(number.as_f64().unwrap_or_default().to_be_bytes());
}

/// The kind of what follows, and its length in four bytes.
fn head(kind: u8, length: usize, out: &mut Vec<u8>) {
    out.push((kind << 5) | 0x1a);
    out.extend(u32::try_from(length).expect("a short answer").to_be_bytes());
}

/// Reads a value. A moment is its number of seconds since 1970.
pub(super) fn read(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    value(&mut rest).unwrap_or_else(|| panic!("a call whose CBOR is not understood: {bytes:02x?}"))
}

/// The next value; none at the end of a list or map that did not tell its length.
fn value(rest: &mut &[u8]) -> Option<Value> {
    let first = take(rest, 1)[0];
    let (kind, small) = (first >> 5, first & 0x1f);
    let is_open = small == 31;
    // The bytes of floating numbers stand where other kinds have their length.
    let argument = match small {
        24..=27 => take(rest, 1 << (small - 24)).iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        small => u64::from(small),
    };
    let length = if is_open { usize::MAX } else { usize::try_from(argument).expect("a length") };
    match (kind, small) {
        (0, _) => Some(Value::from(argument)),
        (3, 0..=27) => Some(Value::from(String::from_utf8_lossy(take(rest, length)).into_owned())),
        (4, _) => Some((0..length).map_while(|_| value(rest)).collect()),
        (5, _) => {
            let mut fields = Map::new();
            for _ in 0..length {
                let Some(name) = value(rest) else { break };
                fields.insert(name.as_str()?.to_owned(), value(rest)?);
            }
            Some(Value::Object(fields))
        }
        (6, _) => value(rest),
        (7, 20 | 21) => Some(Value::from(small == 21)),
        (7, 22) => Some(Value::Null),
        (7, 27) => Number::from_f64(f64::from_bits(argument)).map(Value::Number),
        _ => None,
    }
}

fn take<'b>(rest: &mut &'b [u8], n: usize) -> &'b [u8] {
    let (taken, left) = rest.split_at(n);
    *rest = left;
    taken
}
