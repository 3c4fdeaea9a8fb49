// Sums of a day's columns over circular blocks of consecutive rows. The host puts the sums of all blocks into
// a table: rows 0 to n - 1 are those of whole blocks, by their first row, rows n to 2n - 1 those of the last
// block, which may be cut. So one invocation holds one resample (x) of one batch (y) for one line of its rows
// (z), draws the blocks' first rows and adds a row of the table for each. All arithmetic is on 32-bit
// unsigned integers. Twin: `lines` in src/resample/cpu.rs, with the table of src/resample/table.rs. Host
// side: src/resample/gpu.rs. Needs draws.wgsl, batch.wgsl, index.wgsl and philox.wgsl, appended.

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn block(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let blocks = (batch.rows + dispatch.length - 1u) / dispatch.length;
    sum_draws(batch, id.z * LINE, dispatch.sample_offset + id.x, blocks, batch.rows);
}
