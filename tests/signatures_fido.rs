//! Signatures of FIDO2 devices: what the device says of the person, and nothing that only says so.

use crate::signatures::{KEYS, signed_server};
use crate::world::{Device, Repo, World, flags, ids};

/// A server that knows bob's device, and bob's clone.
fn bob(world: &World, level: &str, device: &Device) -> (Repo, Repo) {
    let signers = format!("bob,bob@clinic.example {}\n", device.public());
    let (server, clone, _) = signed_server(world, level, &signers);
    clone.signs_nothing("bob@clinic.example");
    (server, clone.acting_as("bob"))
}

/// Signs HEAD with the device, which says this of the person.
fn sign(clone: &Repo, device: &Device, flags: u8) -> String {
    let payload = clone.head_unsigned();
    clone.head_signed(&device.sign(payload.as_bytes(), flags))
}

#[test]
fn a_device_is_touched_or_has_its_pin() {
    touched_or_with_pin(&Device::new(1));
}

#[test]
fn a_device_that_signs_with_ecdsa_is_touched_or_has_its_pin() {
    // Some of these numbers begin with a bit that would be a sign, or with a zero.
    for seed in 1..=4 {
        touched_or_with_pin(&Device::with_ecdsa(seed));
    }
}

#[track_caller]
fn touched_or_with_pin(device: &Device) {
    let world = World::new();
    let (server, bob) = bob(&world, "fido2", device);
    bob.commit("a.py", "a = 1\n");
    // OpenSSH finds it good whatever the flags say.
    sign(&bob, device, flags::NOBODY);
    let file = bob.dir.join("trusted");
    bob.write(
        "trusted",
        format!("bob@clinic.example {}\n", device.public()),
    );
    bob.git_with(&[
        "config",
        "gpg.ssh.allowedSignersFile",
        file.to_str().unwrap(),
    ])
    .ok();
    bob.git("verify-commit HEAD").ok();
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("nobody touched the FIDO2 device");
    let touched = sign(&bob, device, flags::TOUCHED);
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &touched);
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"fido2-verified\"\n";
    let server = server.policy(&format!("{KEYS}{rule}"));
    bob.commit("b.py", "b = 1\n");
    sign(&bob, device, flags::TOUCHED);
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("did not verify who touched it (PIN or finger)");
    // A PIN alone is nobody's hand.
    sign(&bob, device, flags::VERIFIED & !flags::TOUCHED);
    bob.push("main").rejected().by(ids::REF_SIGNED);
    let verified = sign(&bob, device, flags::VERIFIED);
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &verified);
}

#[test]
fn a_key_in_a_file_is_no_device() {
    let world = World::new();
    let key = world.ssh_key("bob");
    let signers = format!("bob,bob@clinic.example {}\n", key.public);
    for level in ["fido2", "fido2-verified"] {
        let world = World::below(level);
        let (_server, clone, _) = signed_server(&world, level, &signers);
        clone.signs_with(&key, "bob@clinic.example");
        clone.commit("a.py", "a = 1\n");
        let said = clone.acting_as("bob").push("main").rejected();
        said.by(ids::REF_SIGNED)
            .tells("its key is not in a FIDO2 device");
    }
}

#[test]
fn a_device_for_a_web_site_is_none_for_this() {
    let world = World::new();
    let device = Device::with_application(2, "https://clinic.example");
    let (_server, bob) = bob(&world, "fido2", &device);
    bob.commit("a.py", "a = 1\n");
    sign(&bob, &device, flags::VERIFIED);
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("its key is not in a FIDO2 device");
}

#[test]
fn flags_that_were_written_into_a_signature_break_it() {
    for device in [Device::new(3), Device::with_ecdsa(3)] {
        written_into(&device);
    }
}

fn written_into(device: &Device) {
    let world = World::new();
    let (_server, bob) = bob(&world, "fido2-verified", device);
    bob.commit("a.py", "a = 1\n");
    let payload = bob.head_unsigned();
    let weak = device.sign(payload.as_bytes(), flags::NOBODY);
    let strong = device.with_flags(&weak, flags::VERIFIED);
    assert_ne!(weak, strong);
    bob.head_signed(&strong);
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("its signature is bad");
    // A touch for one commit is none for another.
    let touched = device.sign(payload.as_bytes(), flags::VERIFIED);
    bob.git("commit -q --amend -m other").ok();
    bob.head_signed(&touched);
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("its signature is bad");
}
