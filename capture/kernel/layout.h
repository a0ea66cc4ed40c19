/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.h - every kernel struct member, symbol and enum that is read, named once
 *
 * The guest's BTF says where each member is, its kallsyms where each symbol
 * is.  All are optional: a walker asks, and the report says what is absent.
 * A new member or symbol is a new row here.
 */
#ifndef CAPTURE_LAYOUT_H
#define CAPTURE_LAYOUT_H

#include "capture/kernel/symbols.h"
#include "capture/kernel/types.h"

/* X(struct, id, path): M_<struct>_<id> is `path` in `struct <struct>` */
#define LAYOUT_MEMBERS(X)                                                \
	X(task_struct, pid, "pid")                                       \
	X(task_struct, tgid, "tgid")                                     \
	X(task_struct, comm, "comm")                                     \
	X(task_struct, state, "__state")                                 \
	X(task_struct, exit_state, "exit_state")                         \
	X(task_struct, cpu, "thread_info.cpu")                           \
	X(task_struct, on_cpu, "on_cpu")                                 \
	X(task_struct, on_rq, "on_rq")                                   \
	X(task_struct, flags, "flags")                                   \
	X(task_struct, last_arrival, "sched_info.last_arrival")          \
	X(task_struct, pcount, "sched_info.pcount")                      \
	X(task_struct, sum_exec_runtime, "se.sum_exec_runtime")          \
	X(task_struct, group_node, "se.group_node")                      \
	X(task_struct, prio, "prio")                                     \
	X(task_struct, static_prio, "static_prio")                       \
	X(task_struct, normal_prio, "normal_prio")                       \
	X(task_struct, rt_priority, "rt_priority")                       \
	X(task_struct, policy, "policy")                                 \
	X(task_struct, sched_class, "sched_class")                       \
	X(task_struct, nr_cpus_allowed, "nr_cpus_allowed")               \
	X(task_struct, cpus_ptr, "cpus_ptr")                             \
	X(task_struct, migration_disabled, "migration_disabled")         \
	X(task_struct, core_cookie, "core_cookie")                       \
	X(task_struct, nvcsw, "nvcsw")                                   \
	X(task_struct, nivcsw, "nivcsw")                                 \
	X(task_struct, utime, "utime")                                   \
	X(task_struct, stime, "stime")                                   \
	X(task_struct, group_leader, "group_leader")                     \
	X(task_struct, real_parent, "real_parent")                       \
	X(task_struct, signal, "signal")                                 \
	X(task_struct, cgroups, "cgroups")                               \
	X(task_struct, files, "files")                                   \
	X(task_struct, tasks, "tasks")                                   \
	X(task_struct, scx, "scx")                                       \
	X(task_struct, rt, "rt")                                         \
	X(task_struct, dl, "dl")                                         \
	X(task_struct, stack, "stack")                                   \
	X(task_struct, thread_sp, "thread.sp")                           \
	X(sched_ext_entity, sched, "sched") /* 7.1 */                    \
	X(sched_ext_entity, dsq, "dsq")                                  \
	X(sched_ext_entity, dsq_node, "dsq_list.node")                   \
	X(sched_ext_entity, dsq_node_flags, "dsq_list.flags")            \
	X(sched_ext_entity, dsq_priq, "dsq_priq")                        \
	X(sched_ext_entity, dsq_seq, "dsq_seq")                          \
	X(sched_ext_entity, dsq_flags, "dsq_flags")                      \
	X(sched_ext_entity, flags, "flags")                              \
	X(sched_ext_entity, weight, "weight")                            \
	X(sched_ext_entity, sticky_cpu, "sticky_cpu")                    \
	X(sched_ext_entity, holding_cpu, "holding_cpu")                  \
	X(sched_ext_entity, selected_cpu, "selected_cpu")                \
	X(sched_ext_entity, ops_state, "ops_state")                      \
	X(sched_ext_entity, runnable_node, "runnable_node")              \
	X(sched_ext_entity, runnable_at, "runnable_at")                  \
	X(sched_ext_entity, ddsp_dsq_id, "ddsp_dsq_id")                  \
	X(sched_ext_entity, ddsp_enq_flags, "ddsp_enq_flags")            \
	X(sched_ext_entity, slice, "slice")                              \
	X(sched_ext_entity, dsq_vtime, "dsq_vtime")                      \
	X(sched_ext_entity, tasks_node, "tasks_node")                    \
	X(rq, scx, "scx")                                                \
	X(rq, curr, "curr")                                              \
	X(rq, clock, "clock")                                            \
	X(rq, cfs_tasks, "cfs_tasks")                                    \
	X(rq, nr_switches, "nr_switches")                                \
	X(rq, nr_running, "nr_running")                                  \
	X(rq, cfs_nr_queued, "cfs.h_nr_queued")	  /* 6.14 */             \
	X(rq, cfs_nr_running, "cfs.h_nr_running") /* up to 6.13 */       \
	X(rq, rt_nr_running, "rt.rt_nr_running")                         \
	X(rq, dl_nr_running, "dl.dl_nr_running")                         \
	X(rq, online, "online")                                          \
	X(rq, lock, "__lock.raw_lock.val")                               \
	X(rq, lock_owner_cpu, "__lock.owner_cpu") /* DEBUG_SPINLOCK */   \
	X(rq, fair_server, "fair_server")	  /* 6.8 */              \
	X(rq, ext_server, "ext_server")		  /* 7.0 */              \
	X(rq, rt, "rt")                                                  \
	X(rq, dl_root, "dl.root.rb_root.rb_node")                        \
	X(rt_rq, queue, "active.queue")                                  \
	X(sched_rt_entity, run_list, "run_list")                         \
	X(sched_rt_entity, my_q, "my_q") /* RT_GROUP_SCHED */            \
	X(sched_dl_entity, rb_node, "rb_node")                           \
	X(sched_dl_entity, dl_runtime, "dl_runtime")                     \
	X(sched_dl_entity, dl_deadline, "dl_deadline")                   \
	X(sched_dl_entity, dl_period, "dl_period")                       \
	X(sched_dl_entity, runtime, "runtime")                           \
	X(sched_dl_entity, deadline, "deadline")                         \
	X(sched_dl_entity, dl_throttled, "dl_throttled")                 \
	X(sched_dl_entity, dl_server, "dl_server")                       \
	X(sched_dl_entity, dl_server_active, "dl_server_active")         \
	X(scx_rq, local_dsq, "local_dsq")                                \
	X(scx_rq, bypass_dsq, "bypass_dsq") /* 6.19, 7.0 */              \
	X(scx_rq, reject_dsq, "reject_dsq") /* 7.3 */                    \
	X(scx_rq, rescue_dsq, "rescue.dsq") /* 7.3 */                    \
	X(scx_rq, rescue_curr, "rescue.curr")                            \
	X(scx_rq, rescue_budget, "rescue.budget")                        \
	X(scx_rq, runnable_list, "runnable_list")                        \
	X(scx_rq, nr_running, "nr_running")                              \
	X(scx_rq, flags, "flags")                                        \
	X(scx_rq, cpu_released, "cpu_released")                          \
	X(scx_rq, ops_qseq, "ops_qseq")		/* up to 7.1 */          \
	X(scx_rq, pnt_seq, "pnt_seq")		/* up to 6.18 */         \
	X(scx_rq, kick_sync, "kick_sync")	/* 6.19 */               \
	X(scx_rq, nr_immed, "nr_immed")		/* 7.1 */                \
	X(scx_rq, clock, "clock")		/* 6.14 */               \
	X(scx_rq, cpus_to_kick, "cpus_to_kick") /* up to 7.2 */          \
	X(scx_rq, cpus_to_kick_if_idle, "cpus_to_kick_if_idle")          \
	X(scx_rq, cpus_to_preempt, "cpus_to_preempt")                    \
	X(scx_rq, cpus_to_wait, "cpus_to_wait")                          \
	X(scx_rq, cpus_to_sync, "cpus_to_sync") /* 6.19 */               \
	X(scx_rq, ddsp_deferred_locals, "ddsp_deferred_locals")          \
	X(scx_rq, cpuperf_target, "cpuperf_target")                      \
	X(scx_dispatch_q, list, "list")                                  \
	X(scx_dispatch_q, priq, "priq.rb_node")                          \
	X(scx_dispatch_q, nr, "nr")                                      \
	X(scx_dispatch_q, seq, "seq")                                    \
	X(scx_dispatch_q, id, "id")                                      \
	X(scx_dispatch_q, hash_node, "hash_node")                        \
	X(scx_sched, ops, "ops")	 /* struct scx_sched: 6.16 */    \
	X(scx_sched, ops_cid, "ops_cid") /* 7.2 */                       \
	X(scx_sched, is_cid_type, "is_cid_type")                         \
	X(scx_sched, dsq_hash, "dsq_hash")                               \
	X(scx_sched, global_dsqs, "global_dsqs")	 /* up to 7.0 */ \
	X(scx_sched, pnode, "pnode")			 /* 7.1 */       \
	X(scx_sched, event_stats_cpu, "event_stats_cpu") /* 6.16 */      \
	X(scx_sched, pcpu, "pcpu")			 /* 6.17 */      \
	X(scx_sched, exit_kind, "exit_kind")                             \
	X(scx_sched, exit_info, "exit_info")                             \
	X(scx_sched, aborting, "aborting")                               \
	X(scx_sched, bypass_depth, "bypass_depth")                       \
	X(scx_sched, watchdog_timeout, "watchdog_timeout")               \
	X(scx_sched, slice_dfl, "slice_dfl")                             \
	X(scx_sched, dead, "dead") /* 7.3 */                             \
	X(scx_sched, sub_attached, "sub_attached")                       \
	X(scx_sched, bypass_timestamp, "bypass_timestamp")               \
	X(scx_sched, level, "level")                                     \
	X(scx_sched, all, "all")                                         \
	X(scx_sched, cgrp_path, "cgrp_path")                             \
	X(scx_sched, ancestors, "ancestors")                             \
	X(scx_sched_pnode, global_dsq, "global_dsq")                     \
	X(scx_sched_pcpu, event_stats, "event_stats")                    \
	X(scx_sched_pcpu, flags, "flags") /* 7.1 */                      \
	X(scx_sched_pcpu, bypass_dsq, "bypass_dsq")                      \
	X(scx_sched_pcpu, dsp_ctx, "dsp_ctx") /* 7.1 */                  \
	X(scx_dsp_ctx, cursor, "cursor")                                 \
	X(scx_dsp_ctx, buf, "buf")                                       \
	X(scx_dsp_buf_ent, task, "task")                                 \
	X(scx_dsp_buf_ent, dsq_id, "dsq_id")                             \
	X(scx_idle_cpus, cpu, "cpu")			/* 6.15 */       \
	X(scx_sched_pcpu, cpus_to_kick, "cpus_to_kick") /* 7.3 */        \
	X(scx_sched_pcpu, cpus_to_kick_if_idle, "cpus_to_kick_if_idle")  \
	X(scx_sched_pcpu, cpus_to_preempt, "cpus_to_preempt")            \
	X(scx_sched_pcpu, cpus_to_wait, "cpus_to_wait")                  \
	X(scx_exit_info, kind, "kind")                                   \
	X(scx_exit_info, exit_code, "exit_code")                         \
	X(scx_exit_info, exit_cpu, "exit_cpu") /* 7.2 */                 \
	X(scx_exit_info, flags, "flags")       /* 6.18 */                \
	X(scx_exit_info, reason, "reason")                               \
	X(scx_exit_info, bt, "bt")                                       \
	X(scx_exit_info, bt_len, "bt_len")                               \
	X(scx_exit_info, msg, "msg")                                     \
	X(scx_exit_info, dump, "dump")                                   \
	X(sched_ext_ops, name, "name")                                   \
	X(sched_ext_ops, flags, "flags")                                 \
	X(sched_ext_ops, timeout_ms, "timeout_ms")                       \
	X(sched_ext_ops, dispatch_max_batch, "dispatch_max_batch")       \
	X(sched_ext_ops, sub_cgroup_id, "sub_cgroup_id") /* 7.1 */       \
	X(sched_ext_ops, exit_dump_len, "exit_dump_len")                 \
	X(inactive_task_frame, bp, "bp")                                 \
	X(inactive_task_frame, ret_addr, "ret_addr")                     \
	X(pt_regs, r13, "r13")                                           \
	X(pt_regs, bp, "bp")                                             \
	X(pt_regs, r10, "r10")                                           \
	X(pt_regs, ax, "ax")                                             \
	X(pt_regs, dx, "dx")                                             \
	X(pt_regs, di, "di")                                             \
	X(pt_regs, ip, "ip")                                             \
	X(pt_regs, cs, "cs")                                             \
	X(pt_regs, sp, "sp")                                             \
	X(orc_entry, sp_offset, "sp_offset")                             \
	X(orc_entry, bp_offset, "bp_offset")                             \
	X(orc_entry, sp_reg, "sp_reg")                                   \
	X(orc_entry, bp_reg, "bp_reg")                                   \
	X(orc_entry, type, "type")                                       \
	X(orc_entry, signal, "signal")                                   \
	X(module, state, "state")                                        \
	X(module, list, "list")                                          \
	X(module, name, "name")                                          \
	X(module, mem, "mem")                                            \
	X(module, num_orcs, "arch.num_orcs")                             \
	X(module, orc_unwind_ip, "arch.orc_unwind_ip")                   \
	X(module, orc_unwind, "arch.orc_unwind")                         \
	X(module, kallsyms, "kallsyms")                                  \
	X(module_memory, base, "base")                                   \
	X(module_memory, size, "size")                                   \
	X(mod_kallsyms, symtab, "symtab")                                \
	X(mod_kallsyms, num_symtab, "num_symtab")                        \
	X(mod_kallsyms, strtab, "strtab")                                \
	X(list_head, next, "next")                                       \
	X(list_head, prev, "prev")                                       \
	X(rb_node, left, "rb_left")                                      \
	X(rb_node, right, "rb_right")                                    \
	X(rhashtable, tbl, "tbl")                                        \
	X(bucket_table, size, "size")                                    \
	X(bucket_table, nest, "nest")                                    \
	X(bucket_table, future_tbl, "future_tbl")                        \
	X(bucket_table, buckets, "buckets")                              \
	X(idr, xa_head, "idr_rt.xa_head")                                \
	X(xa_node, shift, "shift")                                       \
	X(xa_node, slots, "slots")                                       \
	X(bpf_map, id, "id")                                             \
	X(bpf_map, name, "name")                                         \
	X(bpf_map, map_type, "map_type")                                 \
	X(bpf_map, key_size, "key_size")                                 \
	X(bpf_map, value_size, "value_size")                             \
	X(bpf_map, max_entries, "max_entries")                           \
	X(bpf_map, map_flags, "map_flags")                               \
	X(bpf_map, record, "record")                                     \
	X(bpf_map, vmlinux_value_type, "btf_vmlinux_value_type_id")      \
	X(bpf_map, btf, "btf")                                           \
	X(bpf_map, key_type, "btf_key_type_id")                          \
	X(bpf_map, value_type, "btf_value_type_id")                      \
	X(btf_record, cnt, "cnt")                                        \
	X(btf_record, fields, "fields")                                  \
	X(btf_field, offset, "offset")                                   \
	X(btf_field, type, "type")                                       \
	X(btf_field, kptr_btf, "kptr.btf")                               \
	X(btf_field, kptr_id, "kptr.btf_id")                             \
	X(btf_field, root_btf, "graph_root.btf")                         \
	X(btf_field, root_id, "graph_root.value_btf_id")                 \
	X(btf_field, root_node_offset, "graph_root.node_offset")         \
	X(bpf_async_cb, prog, "prog")                                    \
	X(bpf_async_cb, callback_fn, "callback_fn")                      \
	X(bpf_hrtimer, cb, "cb")                                         \
	X(bpf_hrtimer, expires, "timer.node.expires")                    \
	X(bpf_hrtimer, state, "timer.state")	     /* up to 7.1 */     \
	X(bpf_hrtimer, is_queued, "timer.is_queued") /* 7.2 */           \
	X(bpf_array, map, "map")                                         \
	X(bpf_array, elem_size, "elem_size")                             \
	X(bpf_array, value, "value")                                     \
	X(bpf_array, ptrs, "ptrs")                                       \
	X(bpf_array, pptrs, "pptrs")                                     \
	X(bpf_htab, map, "map")                                          \
	X(bpf_htab, buckets, "buckets")                                  \
	X(bpf_htab, count, "count")                                      \
	X(bpf_htab, pcount, "pcount")                                    \
	X(bpf_htab, use_percpu_counter, "use_percpu_counter")            \
	X(bpf_htab, n_buckets, "n_buckets")                              \
	X(bpf_htab, freelist, "freelist.freelist")                       \
	X(bpf_htab, freelist_extra, "freelist.extralist.first")          \
	X(pcpu_freelist_head, first, "first")                            \
	X(bpf_htab, elem_size, "elem_size")                              \
	X(percpu_counter, count, "count")                                \
	X(percpu_counter, counters, "counters")                          \
	X(htab_elem, node, "hash_node")                                  \
	X(htab_elem, key, "key")                                         \
	X(bpf_rhtab, map, "map") /* 7.2 */                               \
	X(bpf_rhtab, ht, "ht")                                           \
	X(rhtab_elem, node, "node")                                      \
	X(rhtab_elem, data, "data")                                      \
	X(bpf_local_storage_map, map, "map")                             \
	X(bpf_local_storage_map, buckets, "buckets")                     \
	X(bpf_local_storage_map, bucket_log, "bucket_log")               \
	X(bpf_local_storage_elem, map_node, "map_node")                  \
	X(bpf_local_storage_elem, local_storage, "local_storage")        \
	X(bpf_local_storage_elem, data, "sdata.data")                    \
	X(bpf_local_storage, owner, "owner")                             \
	X(bpf_arena, map, "map")                                         \
	X(bpf_arena, user_vm_start, "user_vm_start")                     \
	X(bpf_arena, user_vm_end, "user_vm_end")                         \
	X(bpf_arena, kern_vm, "kern_vm")                                 \
	X(bpf_arena, scratch_page, "scratch_page") /* 7.2 */             \
	X(vm_struct, addr, "addr")                                       \
	X(bpf_ringbuf_map, map, "map")                                   \
	X(bpf_ringbuf_map, rb, "rb")                                     \
	X(bpf_ringbuf, mask, "mask")                                     \
	X(bpf_ringbuf, consumer_pos, "consumer_pos")                     \
	X(bpf_ringbuf, producer_pos, "producer_pos")                     \
	X(bpf_ringbuf, pending_pos, "pending_pos")                       \
	X(bpf_ringbuf, overwrite_pos, "overwrite_pos") /* 7.0 */         \
	X(bpf_ringbuf, data, "data")                                     \
	X(bpf_stack_map, map, "map")                                     \
	X(bpf_stack_map, n_buckets, "n_buckets")                         \
	X(bpf_stack_map, buckets, "buckets")                             \
	X(stack_map_bucket, nr, "nr")                                    \
	X(stack_map_bucket, data, "data")                                \
	X(bpf_queue_stack, map, "map")                                   \
	X(bpf_queue_stack, head, "head")                                 \
	X(bpf_queue_stack, tail, "tail")                                 \
	X(bpf_queue_stack, size, "size")                                 \
	X(bpf_queue_stack, elements, "elements")                         \
	X(lpm_trie, map, "map")                                          \
	X(lpm_trie, root, "root")                                        \
	X(lpm_trie, n_entries, "n_entries")                              \
	X(lpm_trie, data_size, "data_size")                              \
	X(lpm_trie_node, child, "child")                                 \
	X(lpm_trie_node, prefixlen, "prefixlen")                         \
	X(lpm_trie_node, flags, "flags")                                 \
	X(lpm_trie_node, data, "data")                                   \
	X(bpf_bloom_filter, map, "map")                                  \
	X(bpf_bloom_filter, bitset_mask, "bitset_mask")                  \
	X(bpf_bloom_filter, nr_hash_funcs, "nr_hash_funcs")              \
	X(bpf_bloom_filter, bitset, "bitset")                            \
	X(bpf_insn_array, map, "map") /* 6.19 */                         \
	X(bpf_insn_array, values, "values")                              \
	X(bpf_dtab, map, "map")                                          \
	X(bpf_dtab, netdev_map, "netdev_map")                            \
	X(bpf_dtab, dev_index_head, "dev_index_head")                    \
	X(bpf_dtab, n_buckets, "n_buckets")                              \
	X(bpf_dtab_netdev, dev, "dev")                                   \
	X(bpf_dtab_netdev, index_hlist, "index_hlist")                   \
	X(bpf_dtab_netdev, idx, "idx")                                   \
	X(bpf_shtab, map, "map")                                         \
	X(bpf_shtab, buckets, "buckets")                                 \
	X(bpf_shtab, buckets_num, "buckets_num")                         \
	X(bpf_shtab_elem, sk, "sk")                                      \
	X(bpf_shtab_elem, node, "node")                                  \
	X(bpf_shtab_elem, key, "key")                                    \
	X(bpf_cpu_map, map, "map")                                       \
	X(bpf_cpu_map, cpu_map, "cpu_map")                               \
	X(bpf_cpu_map_entry, cpu, "cpu")                                 \
	X(net_device, name, "name")                                      \
	X(sock_common, family, "skc_family")                             \
	X(sock_common, port, "skc_num")                                  \
	X(bpf_stab, map, "map")                                          \
	X(bpf_stab, sks, "sks")                                          \
	X(xsk_map, map, "map")                                           \
	X(xsk_map, xsk_map, "xsk_map")                                   \
	X(reuseport_array, map, "map")                                   \
	X(reuseport_array, ptrs, "ptrs")                                 \
	X(bpf_cgroup_storage_map, map, "map")                            \
	X(bpf_cgroup_storage_map, list, "list")                          \
	X(bpf_cgroup_storage, buf, "buf")                                \
	X(bpf_cgroup_storage, key, "key")                                \
	X(bpf_cgroup_storage, list_map, "list_map")                      \
	X(bpf_storage_buffer, data, "data")                              \
	X(btf, data, "data")                                             \
	X(btf, data_size, "data_size")                                   \
	X(btf, base_btf, "base_btf")                                     \
	X(btf, strings, "strings")                                       \
	X(btf, str_len, "hdr.str_len")                                   \
	X(btf, start_str_off, "start_str_off")                           \
	X(cgroup, kn, "kn")                                              \
	X(cgroup, self, "self")                                          \
	X(cgroup, psi, "psi")                                            \
	X(cgroup_root, cgrp, "cgrp")                                     \
	X(cgroup_subsys_state, sibling, "sibling")                       \
	X(cgroup_subsys_state, children, "children")                     \
	X(cgroup_subsys_state, parent, "parent")                         \
	X(cgroup_subsys_state, flags, "flags")                           \
	X(psi_group, enabled, "enabled")                                 \
	X(psi_group, total, "total")                                     \
	X(psi_group, avg, "avg")                                         \
	X(rqspinlock_held, cnt, "cnt") /* 6.15 */                        \
	X(rqspinlock_held, locks, "locks")                               \
	X(kernfs_node, name, "name")                                     \
	X(kernfs_node, parent, "parent")     /* up to 6.14 */            \
	X(kernfs_node, __parent, "__parent") /* 6.15 */                  \
	X(inode, i_ino, "i_ino")                                         \
	X(inode, i_sb, "i_sb")                                           \
	X(super_block, s_id, "s_id")                                     \
	X(bpf_struct_ops_map, map, "map")                                \
	X(bpf_struct_ops_map, links, "links")                            \
	X(bpf_struct_ops_map, links_cnt, "links_cnt") /* up to 6.12 */   \
	X(bpf_struct_ops_map, funcs_cnt, "funcs_cnt") /* 6.13 */         \
	X(bpf_struct_ops_map, kvalue, "kvalue")                          \
	X(bpf_struct_ops_link, link, "link")                             \
	X(bpf_struct_ops_link, map, "map")                               \
	X(files_struct, fdt, "fdt")                                      \
	X(fdtable, max_fds, "max_fds")                                   \
	X(fdtable, fd, "fd")                                             \
	X(file, f_op, "f_op")                                            \
	X(file, private_data, "private_data")                            \
	X(bpf_link, prog, "prog")                                        \
	X(bpf_prog, aux, "aux")                                          \
	X(bpf_prog, attach_type, "expected_attach_type")                 \
	X(bpf_prog, type, "type")                                        \
	X(bpf_prog, stats, "stats")                                      \
	X(bpf_prog_aux, id, "id")                                        \
	X(bpf_prog_aux, used_maps, "used_maps")                          \
	X(bpf_prog_aux, used_map_cnt, "used_map_cnt")                    \
	X(bpf_prog_aux, name, "name")                                    \
	X(bpf_prog_aux, btf, "btf")                                      \
	X(bpf_prog_aux, ksym, "ksym")                                    \
	X(bpf_prog_aux, linfo, "linfo")                                  \
	X(bpf_prog_aux, jited_linfo, "jited_linfo")                      \
	X(bpf_prog_aux, nr_linfo, "nr_linfo")                            \
	X(bpf_prog_aux, linfo_idx, "linfo_idx")                          \
	X(bpf_prog_aux, attach_btf, "attach_btf")                        \
	X(bpf_prog_aux, attach_btf_id, "attach_btf_id")                  \
	X(bpf_prog_stats, cnt, "cnt")                                    \
	X(bpf_prog_stats, nsecs, "nsecs")                                \
	X(bpf_prog_stats, misses, "misses")                              \
	X(bpf_ksym, start, "start")                                      \
	X(bpf_ksym, end, "end")                                          \
	X(bpf_ksym, name, "name")                                        \
	X(bpf_ksym, lnode, "lnode")                                      \
	X(bpf_ksym, prog, "prog")                                        \
	X(bpf_line_info, file_name_off, "file_name_off")                 \
	X(bpf_line_info, line_off, "line_off")                           \
	X(bpf_line_info, line_col, "line_col")                           \
	X(kernel_cpustat, cpustat, "cpustat")                            \
	X(kernel_stat, irqs_sum, "irqs_sum")                             \
	X(kernel_stat, softirqs, "softirqs")                             \
	X(tick_sched, idle_sleeptime, "idle_sleeptime")                  \
	X(tick_sched, iowait_sleeptime, "iowait_sleeptime")              \
	X(pglist_data, node_zones, "node_zones")                         \
	X(zone, present_pages, "present_pages")                          \
	X(zone, per_cpu_zonestats, "per_cpu_zonestats")                  \
	X(zone, vm_numa_event, "vm_numa_event")                          \
	X(per_cpu_zonestat, vm_numa_event, "vm_numa_event")              \
	X(printk_ringbuffer, count_bits, "desc_ring.count_bits")         \
	X(printk_ringbuffer, descs, "desc_ring.descs")                   \
	X(printk_ringbuffer, infos, "desc_ring.infos")                   \
	X(printk_ringbuffer, head_id, "desc_ring.head_id")               \
	X(printk_ringbuffer, tail_id, "desc_ring.tail_id")               \
	X(printk_ringbuffer, size_bits, "text_data_ring.size_bits")      \
	X(printk_ringbuffer, data, "text_data_ring.data")                \
	X(prb_desc, state_var, "state_var")                              \
	X(prb_desc, begin, "text_blk_lpos.begin")                        \
	X(prb_desc, next, "text_blk_lpos.next")                          \
	X(printk_info, seq, "seq")                                       \
	X(printk_info, ts_nsec, "ts_nsec")                               \
	X(printk_info, text_len, "text_len")                             \
	X(printk_info, facility, "facility")                             \
	X(printk_info, level, "level")                                   \
	X(printk_info, caller_id, "caller_id")                           \
	X(signal_struct, nr_threads, "nr_threads")                       \
	X(signal_struct, nvcsw, "nvcsw")                                 \
	X(signal_struct, nivcsw, "nivcsw")                               \
	X(signal_struct, utime, "utime")                                 \
	X(signal_struct, stime, "stime")                                 \
	X(signal_struct, pids, "pids")                                   \
	X(pid, numbers, "numbers")                                       \
	X(upid, nr, "nr")                                                \
	X(css_set, dfl_cgrp, "dfl_cgrp")                                 \
	X(clocksource, mult, "mult")                                     \
	X(clocksource, shift, "shift")

enum layout_member {
#define X(s, id, path) M_##s##_##id,
	LAYOUT_MEMBERS(X)
#undef X
	LAYOUT_NR_MEMBERS
};

/* Symbols, with the size of the object there (0: only the address is used). */
#define LAYOUT_SYMBOLS(X)                                             \
	X(linux_banner, 0)                                            \
	X(_text, 0)                                                   \
	X(_stext, 0)                                                  \
	X(_etext, 0)                                                  \
	X(_sinittext, 0)                                              \
	X(_einittext, 0)                                              \
	X(schedule, 0)                                                \
	X(ret_from_fork_asm, 0)                                       \
	X(__start_orc_unwind_ip, 0)                                   \
	X(__stop_orc_unwind_ip, 0)                                    \
	X(__start_orc_unwind, 0)                                      \
	X(__stop_orc_unwind, 0)                                       \
	X(entry_SYSCALL_64, 0)                                        \
	X(asm_exc_divide_error, 0)                                    \
	X(init_top_pgt, 0)                                            \
	X(swapper_pg_dir, 0)                                          \
	X(phys_base, 8)                                               \
	X(vmcoreinfo_data, 8)                                         \
	X(vmcoreinfo_size, 8)                                         \
	X(__start_BTF, 0)                                             \
	X(__stop_BTF, 0)                                              \
	X(nr_cpu_ids, 4)                                              \
	X(nr_node_ids, 4)                                             \
	X(system_state, 4)                                            \
	X(__per_cpu_offset, 0)                                        \
	X(__cpu_possible_mask, 0)                                     \
	X(jiffies_64, 8)                                              \
	X(clocksource_jiffies, 0)                                     \
	X(runqueues, 0)                                               \
	X(init_task, 0)                                               \
	X(init_stack, 0)                                              \
	X(__end_init_stack, 0)                                        \
	X(ext_sched_class, 0)                                         \
	X(fair_sched_class, 0)                                        \
	X(rt_sched_class, 0)                                          \
	X(dl_sched_class, 0)                                          \
	X(idle_sched_class, 0)                                        \
	X(stop_sched_class, 0)                                        \
	X(scx_root, 8)		    /* 6.16 */                        \
	X(scx_dsp_ctx, 8)	    /* up to 7.0 */                   \
	X(scx_idle_global_masks, 0) /* 6.15 */                        \
	X(scx_sched_all, 0)	    /* 7.1 */                         \
	X(scx_tasks, 0)                                               \
	X(scx_locked_rq_state, 0)   /* 6.17 */                        \
	X(locked_rq, 0)		    /* 6.16 */                        \
	X(rqspinlock_held_locks, 0) /* 6.15 */                        \
	X(modules, 0)                                                 \
	X(cgrp_dfl_root, 0)                                           \
	X(psi_system, 0)                                              \
	X(psi_disabled, 4)                                            \
	X(scx_enable_state_var, 4)     /* 6.16 */                     \
	X(scx_ops_enable_state_var, 4) /* up to 6.15 */               \
	X(scx_switching_all, 1)                                       \
	X(scx_watchdog_timeout, 8) /* up to 7.0 */                    \
	X(scx_watchdog_timestamp, 8)                                  \
	X(scx_bypass_depth, 4)	   /* 6.16 to 7.0 */                  \
	X(scx_ops_bypass_depth, 4) /* up to 6.15 */                   \
	X(scx_aborting, 1)	   /* 6.19, 7.0 */                    \
	X(scx_slice_dfl, 8)	   /* 6.19, 7.0 */                    \
	X(scx_ops, 0)		   /* up to 6.15: the ops by value */ \
	X(scx_exit_kind, 4)	   /* up to 6.15 */                   \
	X(scx_exit_info, 8)	   /* up to 6.15 */                   \
	X(dsq_hash, 0)		   /* up to 6.15 */                   \
	X(global_dsqs, 8)	   /* up to 6.15 */                   \
	X(event_stats_cpu, 0)	   /* 6.14, 6.15: per-CPU */          \
	X(vmemmap_base, 8)                                            \
	X(btf_vmlinux, 8)                                             \
	X(map_idr, 0)                                                 \
	X(prog_idr, 0)                                                \
	X(bpf_map_fops, 0)                                            \
	X(bpf_prog_fops, 0)                                           \
	X(bpf_link_fops, 0)                                           \
	X(bpf_link_fops_poll, 0) /* 6.12 */                           \
	X(bpf_stats_enabled_key, 4)                                   \
	X(kernel_cpustat, 0)                                          \
	X(kstat, 0)                                                   \
	X(tick_cpu_sched, 0)                                          \
	X(node_data, 0)                                               \
	X(prb, 8)                                                     \
	X(bpf_kallsyms, 0)

enum layout_symbol {
#define X(name, size) S_##name,
	LAYOUT_SYMBOLS(X)
#undef X
	LAYOUT_NR_SYMBOLS
};

struct layout {
	struct member member[LAYOUT_NR_MEMBERS];
	uint64_t symbol[LAYOUT_NR_SYMBOLS]; /* run-time addresses, 0: not in this kernel */
};

/* "scx_rq.ops_qseq" and "scx_root". */
const char *layout_member_name(enum layout_member m);
const char *layout_symbol_name(enum layout_symbol s);
unsigned layout_symbol_size(enum layout_symbol s);

void layout_find_symbols(struct layout *layout, const struct symbols *symbols);
void layout_find_members(struct layout *layout, const struct types *types);

#endif
