//! The headers of a TCP packet, as a program of a control group sees it: from its IP header on.

use aya_ebpf::bindings::__sk_buff;
use tracer_common::counter::Counter;

/// Numbers of protocols (linux/in.h).
const TCP: u8 = 6;
/// Extension headers of IPv6 (RFC 7045, 5): hop by hop, routing, fragment, authentication, destination options.
const EXTENSIONS: [u8; 5] = [0, 43, 44, 51, 60];

/// Sizes of headers, without options (RFC 791, 8200, 9293).
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP_HEADER: usize = 20;

/// Flags of a TCP header.
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

/// What a TCP packet says of itself.
#[derive(Clone, Copy)]
pub struct Segment {
    /// Number of its first byte.
    pub sequence: u32,
    /// Number of the next byte that its sender expects.
    pub acknowledged: u32,
    /// Where its bytes begin.
    pub offset: u32,
    /// How many they are.
    pub len: u32,
    flags: u8,
}

impl Segment {
    /// Reads the headers of `packet`; or says what it is instead.
    #[inline(always)]
    pub fn of(packet: *mut __sk_buff) -> Result<Self, Counter> {
        let (total, data, end) =
            unsafe { ((*packet).len, (*packet).data as usize, (*packet).data_end as usize) };
        if data + IPV4 + TCP_HEADER > end {
            return Err(Counter::OtherPacket);
        }
        let byte = |at: usize| unsafe { *((data + at) as *const u8) };
        let (ip_len, protocol) =
            if byte(0) >> 4 == 4 { ((byte(0) as usize & 15) * 4, byte(9)) } else { (IPV6, byte(6)) };
        if protocol != TCP {
            let extended = ip_len == IPV6 && byte(0) >> 4 == 6 && EXTENSIONS.contains(&protocol);
            return Err(if extended { Counter::ExtensionHeader } else { Counter::OtherPacket });
        }
        let tcp = data + ip_len;
        if tcp + TCP_HEADER > end {
            return Err(Counter::OtherPacket);
        }
        let word = |at: usize| u32::from_be(unsafe { *((tcp + at) as *const u32) });
        let byte = |at: usize| unsafe { *((tcp + at) as *const u8) };
        let offset = ip_len as u32 + u32::from(byte(12) >> 4) * 4;
        Ok(Self {
            sequence: word(4),
            acknowledged: word(8),
            offset,
            len: total.saturating_sub(offset),
            flags: byte(13),
        })
    }

    /// Does it open the connection?
    #[inline(always)]
    pub fn opens(&self) -> bool {
        self.flags & SYN != 0
    }

    /// Does it end the direction that it goes in?
    #[inline(always)]
    pub fn ends(&self) -> bool {
        self.flags & (FIN | RST) != 0
    }

    /// Does it end both directions at once?
    #[inline(always)]
    pub fn resets(&self) -> bool {
        self.flags & RST != 0
    }
}
