# fish completion for sampleproc
# Made by generate_docs; do not edit.
complete -c sampleproc -n __fish_use_subcommand -s h -l help -d 'Show this help'
complete -c sampleproc -n __fish_use_subcommand -s V -l version -d 'Show the version'
complete -c sampleproc -n __fish_use_subcommand -f -a help -d 'Show the help of a command'
complete -c sampleproc -n __fish_use_subcommand -f -a validate-config -d 'Check a configuration and say all that is wrong with it'
complete -c sampleproc -n '__fish_seen_subcommand_from validate-config' -l strict -d 'Exit with 1 when there are warnings'
complete -c sampleproc -n '__fish_seen_subcommand_from validate-config' -l set -x -a 'http.host= http.port= http.io_threads= http.max_request_bytes= http.max_frame_data_chars= http.max_metadata_bytes= http.max_json_depth= http.max_json_nodes= http.max_head_bytes= http.max_fields= http.max_target_bytes= http.header_timeout= http.body_timeout= http.write_timeout= http.idle_timeout= http.request_deadline= codec.max_frame_bytes= codec.max_jpeg_scans= codec.deadline= process.pipeline= process.detection_threshold= process.workers= process.queue_depth= process.deadline= process.budget_patience= process.delay= process.simulate_gpu= process.faces.min_size= resources.memory_limit= telemetry.log_level= telemetry.log_format= service.name= service.version= service.shutdown_timeout= service.drain_delay=' -d 'Set one key, as in the file: --set http.port=9000; may be repeated'
complete -c sampleproc -n '__fish_seen_subcommand_from validate-config' -s h -l help -d 'Show this help'
complete -c sampleproc -n '__fish_seen_subcommand_from help' -f -a 'validate-config help'
