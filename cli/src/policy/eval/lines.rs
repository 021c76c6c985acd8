//! Which bytes are one request? Lines of bounded length, answered as they come.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Write};

use super::answer::Answerer;

/// Longest request, in bytes. The largest event that AWS delivers has 1 MB, and is
/// up to twice as long in the quotes of an envelope.
pub(super) const LINE_MAX: usize = 4 * 1024 * 1024;

/// What ended the conversation before its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nothing more can be read.
    Input(io::Error),
    /// Nothing more can be written.
    Output(io::Error),
}

/// Answers every line. What is ready is written before more has to be waited for.
pub(super) fn answer_all(answerer: &Answerer<'_>, mut input: BufReader<impl Read>, mut output: impl Write) -> Result<(), Broken> {
    let mut answer = Vec::new();
    let mut line = Unfinished::default();
    loop {
        if input.buffer().is_empty() {
            output.flush().map_err(Broken::Output)?;
        }
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Broken::Input(error)),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let n_taken = end.map_or(chunk.len(), |end| end + 1);
        let is_last = chunk.is_empty();
        let part = &chunk[..end.unwrap_or(chunk.len())];
        answer.clear();
        if end.is_some() && line.is_empty() && part.len() <= LINE_MAX {
            answerer.answer(part, &mut answer);
        } else {
            line.add(part);
            // A last line may do without its end.
            if end.is_some() || (is_last && !line.is_empty()) {
                line.finish(answerer, &mut answer);
            }
        }
        input.consume(n_taken);
        output.write_all(&answer).map_err(Broken::Output)?;
        if is_last {
            return output.flush().map_err(Broken::Output);
        }
    }
}

/// A line whose end has not been read.
#[derive(Default)]
struct Unfinished {
    /// Its beginning.
    bytes: Vec<u8>,
    /// How many bytes of it were read in all.
    n_bytes: usize,
}

impl Unfinished {
    fn is_empty(&self) -> bool {
        self.n_bytes == 0
    }

    fn add(&mut self, part: &[u8]) {
        self.n_bytes = self.n_bytes.saturating_add(part.len());
        if self.n_bytes <= LINE_MAX {
            self.bytes.extend_from_slice(part);
        } else {
            // It will not be read: nothing is kept of it.
            self.bytes = Vec::new();
        }
    }

    fn finish(&mut self, answerer: &Answerer<'_>, answer: &mut Vec<u8>) {
        if self.n_bytes <= LINE_MAX {
            answerer.answer(&self.bytes, answer);
        } else {
            Answerer::too_long(self.n_bytes, answer);
        }
        self.bytes.clear();
        self.n_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::policy::Policy;
    use serde_json::json;

    use super::*;

    fn policy() -> Arc<Policy> {
        Arc::new(Policy::check(&json!({"route": {"receiver": "all"}, "receivers": [{"name": "all"}]})).unwrap())
    }

    fn answers(input: &[u8], capacity: usize) -> Vec<String> {
        let mut output = Vec::new();
        answer_all(&Answerer::new(&policy()), BufReader::with_capacity(capacity, input), &mut output).unwrap();
        String::from_utf8(output).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_the_same_however_it_arrives() {
        let input = "{\"route\":{\"labels\":{}}}\n\nnonsense\r\n{\"route\":{\"labels\":{\"a\":\"b\"}}}";
        let whole = answers(input.as_bytes(), 4096);
        assert_eq!(whole.len(), 4, "{whole:?}");
        assert!(whole[0] == whole[3] && whole[0].contains("\"all\""), "{whole:?}");
        for capacity in [1, 2, 3, 7, 24, 25] {
            assert_eq!(answers(input.as_bytes(), capacity), whole, "{capacity} bytes at a time");
        }
        assert!(answers(b"", 8).is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_told_of_and_the_next_one_read() {
        for (n, wanted) in [(LINE_MAX, "not JSON"), (LINE_MAX + 1, "4194305 bytes")] {
            for capacity in [64 * 1024, LINE_MAX + 10] {
                let input = [&vec![b'x'; n], &b"\n{\"route\":{\"labels\":{}}}\n"[..]].concat();
                let answers = answers(&input, capacity);
                assert_eq!(answers.len(), 2);
                assert!(answers[0].contains(wanted), "{}", answers[0]);
                assert!(answers[1].starts_with("{\"route\":["), "{}", answers[1]);
            }
        }
    }

    fn lines_in(said: &[u8]) -> usize {
        String::from_utf8_lossy(said).lines().count()
    }

    /// Gives one line at a time, and none before the last one was answered.
    struct Patient<'p> {
        lines: Vec<&'static str>,
        said: &'p std::cell::RefCell<Vec<u8>>,
        n_given: usize,
    }

    impl Read for Patient<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n_answers = lines_in(&self.said.borrow());
            assert_eq!(n_answers, self.n_given, "what was asked before is answered before more is waited for");
            let Some(line) = self.lines.get(self.n_given) else { return Ok(0) };
            self.n_given += 1;
            into[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    struct Said<'p>(&'p std::cell::RefCell<Vec<u8>>);

    impl Write for Said<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_waits_gets_an_answer_at_once() {
        let said = std::cell::RefCell::new(Vec::new());
        let lines = vec!["{\"route\":{\"labels\":{}}}\n", "x\n", "{\"route\":{\"labels\":{}}}\n"];
        let input = BufReader::new(Patient { lines, said: &said, n_given: 0 });
        answer_all(&Answerer::new(&policy()), input, io::BufWriter::with_capacity(1 << 20, Said(&said))).unwrap();
        assert_eq!(lines_in(&said.borrow()), 3);
    }
}
