//! Numbers, bytes and text in few bytes, and back.
//!
//! Everything that is kept (held contacts, commit records, the snapshot file) is written with a
//! [`Writer`] and read with a [`Reader`]. What is read may be foreign or damaged: a reader never
//! panics, and no length in the bytes makes it take more room than the bytes themselves account
//! for.

/// Appends to bytes.
#[derive(Debug)]
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Seven bits a byte, the lowest first.
    pub fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Small numbers of either sign are short.
    pub fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)) as u64);
    }

    /// Bytes whose number the reader knows.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Bytes with their number before them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.unsigned(bytes.len() as u64);
        self.fixed(bytes);
    }

    /// Text with its length in bytes before it.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

/// Reads what a [`Writer`] wrote. Every method gives `None` at the end and on foreign bytes; what
/// is left is then of no use.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// See [`Writer::unsigned`]; `None` also when it does not fit 64 bits.
    pub fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            // Of the tenth byte one bit is left.
            if shift == 63 && byte > 1 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// See [`Writer::signed`].
    pub fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// So many bytes.
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    /// See [`Writer::bytes`].
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count(1)?;
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }

    /// See [`Writer::text`]; `None` also when it is not UTF-8.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// How many things follow, each at least `least_bytes_each` (at least 1) bytes long: `None`
    /// when that is more than is left, so that room may be taken for all of them at once.
    pub fn count(&mut self, least_bytes_each: usize) -> Option<usize> {
        let count = usize::try_from(self.unsigned()?).ok()?;
        (count <= self.0.len() / least_bytes_each.max(1)).then_some(count)
    }

    /// A number that fits 16 bits, as indices of names do.
    pub fn index(&mut self) -> Option<u16> {
        u16::try_from(self.unsigned()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_are_short() {
        let length = |number: i64| {
            let mut bytes = Vec::new();
            Writer(&mut bytes).signed(number);
            bytes.len()
        };
        assert_eq!([0, -64, 63, 64, -65].map(length), [1, 1, 1, 2, 2]);
        assert_eq!(length(i64::MIN), 10);
    }

    #[test]
    fn a_number_beyond_64_bits_is_none() {
        let mut bytes = [0xff; 10];
        bytes[9] = 1;
        assert_eq!(Reader(&bytes).unsigned(), Some(u64::MAX));
        bytes[9] = 2;
        assert_eq!(Reader(&bytes).unsigned(), None);
        assert_eq!(Reader(&[0x80; 11]).unsigned(), None);
    }

    #[test]
    fn a_count_larger_than_what_is_left_is_none() {
        assert_eq!(Reader(&[3, 0, 0, 0]).count(1), Some(3));
        assert_eq!(Reader(&[3, 0, 0]).count(1), None);
        assert_eq!(Reader(&[3, 0, 0, 0, 0, 0]).count(2), None);
        assert_eq!(Reader(&[3, 0, 0, 0]).count(0), Some(3));
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0x0f]).bytes(), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            numbers in proptest::collection::vec(any::<(u64, i64, u8)>(), 0..20),
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            text in ".{0,40}",
        ) {
            let mut out = Vec::new();
            let mut writer = Writer(&mut out);
            for (unsigned, signed, byte) in &numbers {
                writer.unsigned(*unsigned);
                writer.signed(*signed);
                writer.byte(*byte);
            }
            writer.bytes(&bytes);
            writer.fixed(b"abc");
            writer.text(&text);
            let mut reader = Reader(&out);
            for (unsigned, signed, byte) in numbers {
                prop_assert_eq!(reader.unsigned(), Some(unsigned));
                prop_assert_eq!(reader.signed(), Some(signed));
                prop_assert_eq!(reader.byte(), Some(byte));
            }
            prop_assert_eq!(reader.bytes(), Some(bytes.as_slice()));
            prop_assert_eq!(reader.fixed::<3>(), Some(*b"abc"));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn foreign_bytes_do_no_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            steps in proptest::collection::vec(0..8u8, 0..40),
        ) {
            let mut reader = Reader(&bytes);
            for step in steps {
                let left = reader.0.len();
                let read = match step {
                    0 => reader.byte().is_some(),
                    1 => reader.unsigned().is_some(),
                    2 => reader.signed().is_some(),
                    3 => reader.fixed::<5>().is_some(),
                    4 => reader.bytes().is_some(),
                    5 => reader.text().is_some(),
                    6 => reader.index().is_some(),
                    _ => reader.count(3).is_some_and(|count| {
                        assert!(count * 3 <= reader.0.len());
                        true
                    }),
                };
                prop_assert!(reader.0.len() < left || !read);
            }
        }
    }
}
