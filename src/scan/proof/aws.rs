//! Access key ids of AWS carry the number of the account they belong to.
//!
//! Behind the four-letter prefix stand 16 characters of base 32 (A-Z, 2-7). Of the ten bytes they
//! make, the first six, big-endian, hold the account number in bits 7 to 46. Ids from before this
//! construction hold no number that makes sense, so nothing is proven either way.

use super::super::Validity;
use super::{Proof, Proven};

/// `AKIA`, `ASIA`, … + 16. Never says yes or no, only whose it is. `%{proof}`: nothing.
pub static AWS_KEY_ID: Proof = Proof {
    name: "aws-key-id",
    check,
    complete: |_| String::new(),
};

fn check(secret: &[u8]) -> Proven {
    Proven {
        valid: Validity::Unknown,
        identity: account(secret).map(|account| format!("account {account:012}")),
    }
}

/// The account number, twelve digits at most.
fn account(id: &[u8]) -> Option<u64> {
    let coded = id.get(4..20)?;
    if id.len() != 20 {
        return None;
    }
    let mut bits = 0_u64;
    // Ten characters are 50 bits: the first six bytes and two bits more.
    for byte in &coded[..10] {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
    }
    let account = ((bits >> 2) & 0x7fff_ffff_ff80) >> 7;
    (account < 1_000_000_000_000).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds an id around an account number and reads it back.
    #[test]
    fn the_account_is_read_from_the_id() {
        for number in [1_u64, 123_456_789_012, 999_999_999_999] {
            let mut bits = ((number << 7) | 0x7f | 1 << 47) << 2;
            let mut coded = Vec::new();
            for _ in 0..10 {
                coded.push(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(bits & 31) as usize]);
                bits >>= 5;
            }
            coded.reverse();
            let id = [b"AK", b"IA".as_slice(), &coded, b"ABCDEF"].concat();
            let proven = check(&id);
            assert_eq!(proven.identity, Some(format!("account {number:012}")));
            assert_eq!(proven.valid, Validity::Unknown);
        }
        assert_eq!(check(b"none").identity, None);
    }
}
