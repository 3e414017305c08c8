//! Makes inputs out of seeds: the same ones for the same number.

const MAX_INPUT_BYTES: usize = 4096;

pub(crate) struct Mutator {
    state: u64,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    /// xorshift64*: enough to spread over the inputs.
    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random() >> 16).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        // Half of all bytes are such that mean something to a parser.
        const SPECIAL: &[u8] = b"/%:*{}=,;\"'\\$#-_. \t\r\n\0\xff&+[]<>@0aF";
        let index = self.below(256);
        if index < 128 {
            SPECIAL[index % SPECIAL.len()]
        } else {
            u8::try_from(self.below(256)).unwrap()
        }
    }

    pub(crate) fn next(&mut self, seeds: &[&[u8]]) -> Vec<u8> {
        let mut input = match seeds.get(self.below(seeds.len() + 1)) {
            Some(seed) => seed.to_vec(),
            None => (0..self.below(64)).map(|_| self.byte()).collect(),
        };
        for _ in 0..=self.below(6) {
            self.change(&mut input, seeds);
        }
        input.truncate(MAX_INPUT_BYTES);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[&[u8]]) {
        let at = self.below(input.len() + 1);
        match self.below(6) {
            0 => input.insert(at, self.byte()),
            1 if at < input.len() => drop(input.remove(at)),
            2 if at < input.len() => input[at] = self.byte(),
            3 => input.truncate(at),
            4 => {
                let piece = input[at..].to_vec();
                input.extend(piece);
            }
            _ => {
                let Some(other) = seeds.get(self.below(seeds.len())) else {
                    return;
                };
                let from = self.below(other.len());
                input.splice(at..at, other[from..].iter().copied());
            }
        }
    }
}
