//! The notes' `StackBuffer`, for E16, E17 and E18: a ring with a length of two bytes before each message. Its
//! faults are kept, and a comment names each.

const HEADER: usize = 2;

pub(crate) struct StackBuffer {
    buffer: Vec<u8>,
    /// `_bufferLength`
    capacity: usize,
    /// `_dataLen`
    length: usize,
    write: usize,
    read: usize,
}

impl StackBuffer {
    pub(crate) fn new(capacity: usize) -> StackBuffer {
        let buffer = vec![0; capacity];
        StackBuffer {
            buffer,
            capacity,
            length: 0,
            write: 0,
            read: 0,
        }
    }

    /// `putData`, and the messages that its `data` events carry.
    pub(crate) fn put(&mut self, data: &[u8]) -> Vec<Vec<u8>> {
        if self.capacity - self.length < data.len() {
            self.grow((self.length + data.len()).div_ceil(512) * 512);
            copy(data, 0, data.len(), &mut self.buffer, self.write);
            self.write += data.len();
        } else if self.write + data.len() > self.capacity {
            let first = self.capacity - self.write;
            copy(data, 0, first, &mut self.buffer, self.write);
            copy(data, first, data.len(), &mut self.buffer, 0);
            self.write = data.len() - first;
        } else {
            copy(data, 0, data.len(), &mut self.buffer, self.write);
            self.write += data.len();
        }
        self.length += data.len();
        self.messages()
    }

    fn grow(&mut self, capacity: usize) {
        let mut grown = vec![0; capacity];
        self.capacity = capacity; // E17: too early
        if self.write < self.read {
            let head = self.capacity - self.read; // E17: these are not the bytes at that place
            copy(&self.buffer, self.read, self.capacity, &mut grown, 0);
            copy(&self.buffer, 0, self.write, &mut grown, head);
        } else {
            copy(&self.buffer, self.read, self.write, &mut grown, 0); // E17: nothing, when full
        }
        (self.buffer, self.read, self.write) = (grown, 0, self.length);
    }

    /// `getData`
    fn messages(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        // E16: an empty message is only a header.
        while self.readable() > HEADER {
            let header = self.piece(HEADER);
            let length = i16::from_be_bytes([header[0], header[1]]); // E15: signed
            let whole = HEADER.saturating_add_signed(length.into());
            if self.readable() < whole {
                break;
            }
            messages.push(self.piece(whole).split_off(HEADER));
            let tail = self.capacity - self.read;
            self.read = if tail < whole {
                whole - tail
            } else {
                self.read + whole
            };
            self.length -= whole;
            if self.read == self.write {
                break;
            }
        }
        messages
    }

    /// `getDataLen`
    fn readable(&self) -> usize {
        if self.length == self.capacity && self.write >= self.read {
            self.capacity
        } else if self.write >= self.read {
            self.write - self.read
        } else {
            self.capacity - self.read + self.write
        }
    }

    /// The next `count` bytes, in one piece or in two.
    fn piece(&self, count: usize) -> Vec<u8> {
        let mut piece = vec![0; count];
        let head = count.min(self.capacity - self.read);
        copy(&self.buffer, self.read, self.read + head, &mut piece, 0);
        copy(&self.buffer, 0, count - head, &mut piece, head);
        piece
    }
}

/// `source.copy(target, at, start, end)`: bytes that do not fit, or do not exist, are not copied.
fn copy(source: &[u8], start: usize, end: usize, target: &mut [u8], at: usize) {
    let source = source.get(start..end.min(source.len())).unwrap_or(&[]);
    let target = target.get_mut(at..).unwrap_or(&mut []);
    let count = source.len().min(target.len());
    target[..count].copy_from_slice(&source[..count]);
}
