//! Chance with a seed: the generator xoshiro256++ (Blackman and Vigna, 2019) and the few
//! distributions that the simulator needs.
//!
//! Written here rather than taken from a crate because the same seed must give the same bytes for
//! good, and the crates of this kind reserve the right to change their values.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    state: [u64; 4],
}

impl Chance {
    /// The stream for a seed and what it is used for; different uses give unrelated streams.
    pub(super) fn new(seed: u64, purpose: u64, number: i64) -> Self {
        let mut mixed = scramble(seed)
            ^ scramble(purpose.wrapping_add(0x5157)).rotate_left(17)
            ^ scramble(number.cast_unsigned()).rotate_left(34);
        let state = std::array::from_fn(|_| {
            mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            scramble(mixed)
        });
        Chance { state }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        let (b, a) = (b ^ c, a ^ d);
        // The middle words as they were before this step feed the shift.
        self.state = [a, b, c ^ (self.state[1] << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in 0..1, 1 excluded.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform between two numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform among `0..count`; `count` must not be 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count - 1)
    }

    /// An index drawn in proportion to its weight.
    pub(super) fn pick(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Exponential with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Lognormal with this median and shape.
    pub(super) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Weibull with this shape and scale.
    pub(super) fn weibull(&mut self, shape: f64, scale: f64) -> f64 {
        scale * (-(1.0 - self.unit()).ln()).powf(1.0 / shape)
    }

    /// Gamma with mean 1 and this coefficient of variation (at most 1), by Marsaglia and Tsang.
    pub(super) fn gamma(&mut self, variation: f64) -> f64 {
        let shape = 1.0 / (variation * variation);
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = self.normal();
            let cube = (1.0 + c * normal).powi(3);
            let log_unit = (1.0 - self.unit()).ln();
            if cube > 0.0 && log_unit < normal * normal / 2.0 + d * (1.0 - cube + cube.ln()) {
                return d * cube / shape;
            }
        }
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
pub(super) fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(draw: impl Fn(&mut Chance) -> f64) -> f64 {
        let mut chance = Chance::new(1, 2, 3);
        (0..200_000).map(|_| draw(&mut chance)).sum::<f64>() / 200_000.0
    }

    #[test]
    fn the_distributions_have_their_means() {
        let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.02;
        assert!(near(mean_of(Chance::unit), 0.5));
        assert!(near(mean_of(|chance| chance.exponential(300.0)), 300.0));
        assert!(near(mean_of(|chance| chance.gamma(0.12)), 1.0));
        assert!(near(mean_of(|chance| chance.weibull(1.0, 7.0)), 7.0));
        let lognormal = 180.0 * (0.75_f64 * 0.75 / 2.0).exp();
        assert!(near(mean_of(|chance| chance.lognormal(180.0, 0.75)), lognormal));
        let spread = mean_of(|chance| (chance.gamma(0.12) - 1.0).powi(2)).sqrt();
        assert!(near(spread, 0.12));
    }

    #[test]
    fn the_generator_gives_the_published_sequence() {
        let mut chance = Chance { state: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| chance.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }
}
